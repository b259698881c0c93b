#include "agewise/serve/connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <ctime>
#include <exception>
#include <utility>

namespace agewise::serve {
namespace {

using boost::system::error_code;

constexpr std::size_t kReserve = std::size_t{1} << 20;  // bytes, before a body is there
constexpr std::size_t kThrownAway = 4;                  // times the largest body: of a refused request so much is read
constexpr std::size_t kAfterwards = std::size_t{1} << 20;  // bytes that are read of a connection that is to be closed
constexpr double kPartingSeconds = 2;
constexpr std::size_t kMostKnown = 4096;

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

// "Sun, 06 Nov 1994 08:49:37 GMT": what RFC 9110, §6.6.1 wants of a server.
std::string http_date() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

HttpResponse too_large(std::size_t most) {
  return error_response(413, "body_too_large", fmt::format("the body may have {} bytes at most", most));
}

HttpResponse too_much_at_once() { return busy_response("busy", "too many pictures are being sent at once: try again"); }

HttpResponse too_slow() { return error_response(408, "too_slow", "the request did not arrive in time"); }

}  // namespace

// From the head of a request to the last byte of its answer.
struct Reply::Exchange {
  boost::asio::io_context& io;
  std::weak_ptr<Connection> connection;
};

void Reply::operator()(HttpResponse response) {
  std::shared_ptr<Exchange> exchange = std::move(exchange_);
  boost::asio::post(exchange->io, [exchange, answer = std::move(response)]() mutable {
    if (auto connection = exchange->connection.lock()) connection->answer(std::move(answer));
  });
}

Reply::~Reply() {
  if (exchange_) (*this)(error_response(500, "internal", "the request was lost because of an internal error"));
}

std::size_t HttpShared::most_connections_of_one() const {
  return std::max<std::size_t>(1, static_cast<std::size_t>(options.per_client * options.connections));
}

std::size_t HttpShared::most_bodies_of_one() const {
  return std::max(options.largest_body,
                  static_cast<std::size_t>(options.per_client * static_cast<double>(options.all_bodies)));
}

void HttpShared::make_known(const std::string& client) {
  known[client] = clock();
  if (known.size() <= kMostKnown) return;
  known.erase(
      std::min_element(known.begin(), known.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
}

bool HttpShared::make_room(const Connection& taker, std::size_t size) {
  while (true) {
    bool own = clients[taker.sender()].bodies + size > most_bodies_of_one();
    if (!own && bodies + size <= options.all_bodies) return true;
    Connection* largest = nullptr;
    for (const auto& one : connections) {
      if (own && one->sender() != taker.sender()) continue;
      if (largest == nullptr || one->body_in_progress() > largest->body_in_progress()) largest = one.get();
    }
    if (largest == nullptr || largest == &taker || largest->body_in_progress() <= taker.body_in_progress())
      return false;
    largest->refuse_body();
  }
}

void HttpShared::forget_if_idle(const std::string& client) {
  auto use = clients.find(client);
  if (use != clients.end() && use->second.connections == 0 && use->second.bodies == 0) clients.erase(use);
}

Connection::Connection(HttpShared& server, Socket socket, const Address& peer, bool spare)
    : server_(server),
      socket_(std::move(socket)),
      peer_(peer),
      client_(client_of(peer)),
      is_proxy_(contains(server.options.trusted, peer)),
      spare_(spare),
      since_(server.clock()),
      input_(RequestParser::kLargestHead) {
  if (server.tls) tls_.emplace(socket_, *server.tls);
}

Place Connection::place() const {
  bool waits = stage_ == Stage::greeting || stage_ == Stage::head || stage_ == Stage::body || stage_ == Stage::parting;
  return {client_, waits, is_proxy_ || server_.is_known(client_), proven_, since_};
}

// What is thrown (memory that has run out) costs one connection.
template <class Work>
void Connection::guarded(const Work& work) {
  try {
    if (stage_ != Stage::closed) work();
  } catch (const std::exception&) {
    close();
  }
}

void Connection::start() {
  if (!tls_) return guarded([this] { begin_head(); });
  tls_->async_handshake(boost::asio::ssl::stream_base::server, [self = shared_from_this()](error_code problem) {
    self->guarded([&] { problem ? self->close() : self->begin_head(); });
  });
}

void Connection::begin_head() {
  stage_ = Stage::head;
  since_ = server_.clock();
  request_ = {};
  refusal_.reset();
  received_ = 0;
  parser_ = std::make_unique<RequestParser>([this](std::string_view piece) { take(piece); });
  consume();
}

void Connection::read() {
  if (std::exchange(reading_, true)) return;
  auto free = boost::asio::buffer(input_.data() + filled_, input_.size() - filled_);
  auto done = [self = shared_from_this()](error_code problem, std::size_t size) {
    self->reading_ = false;
    self->guarded([&] { problem ? self->close() : self->arrived(size); });
  };
  if (tls_) {
    tls_->async_read_some(free, std::move(done));
  } else {
    socket_.async_read_some(free, std::move(done));
  }
}

void Connection::arrived(std::size_t size) {
  if (stage_ == Stage::parting || stage_ == Stage::streaming) {  // nothing of it is wanted
    thrown_ += size;
    return thrown_ > kAfterwards ? close() : read();
  }
  if (stage_ == Stage::head && filled_ == 0 && !parser_->has_begun()) since_ = server_.clock();
  filled_ += size;
  consume();
}

// Of what has arrived as much as belongs to this request; of the next one nothing before this is answered.
void Connection::consume() {
  try {
    while (filled_ > 0 && !parser_->done()) {
      bool in_head = !parser_->head_done();
      std::size_t used = parser_->feed({input_.data(), filled_});
      std::move(input_.begin() + static_cast<std::ptrdiff_t>(used),
                input_.begin() + static_cast<std::ptrdiff_t>(filled_), input_.begin());
      filled_ -= used;
      if (in_head && parser_->head_done()) begin_request();
      if (stage_ != Stage::head && stage_ != Stage::body) return;
      if (writing_) return;  // "100 Continue"; written() goes on
      if (used == 0) break;
    }
  } catch (const BadRequest& problem) {
    return refuse_for_good(problem);
  }
  parser_->done() ? end_of_request() : read();
}

void Connection::take_head() {
  request_ = parser_->request();
  request_.client = client_;
  request_.by_proxy = is_proxy_;
  if (is_proxy_) {
    std::string_view list = request_.header("x-forwarded-for");
    request_.client = client_of(client_address(peer_, list, server_.options.trusted));
  }
}

void Connection::begin_request() {
  take_head();
  began_ = since_ = window_began_ = server_.clock();
  window_received_ = thrown_ = 0;
  keeps_ = parser_->keeps_alive() && !spare_;
  exchanging_ = true;
  {
    std::lock_guard lock(server_.mutex);
    ++server_.in_flight;
    stopping_ = server_.stopping;
  }
  stage_ = Stage::body;
  std::optional<std::uint64_t> announced = parser_->announced_size();
  if (stopping_) refusal_ = busy_response("stopping", "the server is stopping");
  if (!refusal_) refusal_ = server_.hooks.refuse(request_);
  if (!refusal_ && spare_ && announced != 0) refusal_ = busy_response("busy", "too many connections: try again");
  if (!refusal_ && announced.value_or(0) > server_.options.largest_body) {
    refusal_ = too_large(server_.options.largest_body);
  }
  refuse_early(announced.value_or(0));
  if (stage_ == Stage::body && !refusal_) request_.body.reserve(std::min<std::size_t>(announced.value_or(0), kReserve));
}

// A client that waits with its body is told at once; so is one that would send too much to be read to its end.
void Connection::refuse_early(std::uint64_t announced) {
  std::string_view expected = request_.header("expect");
  if (refusal_ && !parser_->done() && (!expected.empty() || announced > kThrownAway * server_.options.largest_body)) {
    keeps_ = false;
    send(std::move(*refusal_));
  } else if (!expected.empty() && !parser_->done() && filled_ == 0 && parser_->is_http_1_1()) {
    write("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

// Of the body. A client that is refused is told so after it, since many look for an answer only then.
void Connection::take(std::string_view piece) {
  received_ += piece.size();
  if (!refusal_ && received_ > server_.options.largest_body) refusal_ = too_large(server_.options.largest_body);
  if (!refusal_ && !server_.make_room(*this, piece.size())) refusal_ = too_much_at_once();
  if (refusal_) {
    drop_body();
    if (received_ > kThrownAway * server_.options.largest_body) throw std::length_error("a body without an end");
    return;
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(piece.data());
  request_.body.insert(request_.body.end(), bytes, bytes + piece.size());
  counted_ += piece.size();
  server_.bodies += piece.size();
  server_.clients[sender()].bodies += piece.size();
}

void Connection::refuse_body() {
  refusal_ = too_much_at_once();
  drop_body();
}

void Connection::drop_body() {
  std::vector<std::byte>().swap(request_.body);
  server_.bodies -= counted_;
  if (counted_ > 0) server_.clients[sender()].bodies -= counted_;
  counted_ = 0;
  server_.forget_if_idle(sender());
}

void Connection::end_of_request() {
  stage_ = Stage::answering;
  if (refusal_) return send(std::move(*refusal_));
  HttpRequest whole = request_;  // its head is still needed when the answer is sent
  whole.body = std::exchange(request_.body, {});
  try {
    server_.hooks.answer(std::move(whole),
                         Reply(std::make_shared<Reply::Exchange>(Reply::Exchange{server_.io, weak_from_this()})));
  } catch (const std::exception&) {  // the reply, as it went, has answered with 500
  }
}

void Connection::refuse_for_good(const BadRequest& problem) {
  keeps_ = false;
  if (!exchanging_) {
    take_head();
    began_ = server_.clock();
  }
  send(error_response(problem.status, problem.code, problem.message));
}

void Connection::answer(HttpResponse response) {
  guarded([&] {
    if (stage_ == Stage::answering) send(std::move(response));
  });
}

void Connection::send(HttpResponse response) {
  server_.hooks.before_sending(request_, response, server_.clock() - began_);
  if (response.status == 200 && counted_ > 0) server_.make_known(sender());
  if (stopping_) keeps_ = false;
  stage_ = Stage::sending;
  bool head_only = request_.method == "HEAD";
  if (response.stream && !head_only) {
    keeps_ = false;
    stream_ = std::make_shared<PushedStream>(response.body, [this, weak = weak_from_this()] {
      boost::asio::post(server_.io, [weak] {
        if (auto self = weak.lock()) self->guarded([&] { self->pump(); });
      });
    });
    write(head_of(response));
    response.stream(stream_);
    if (stopping_) stream_->close();
  } else {
    write(head_of(response) + (head_only ? "" : response.body));
  }
}

std::string Connection::head_of(const HttpResponse& response) const {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nContent-Type: {}\r\n", response.status,
                                 reason_of(response.status), http_date(), response.type);
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  bool chunked = response.stream && parser_->is_http_1_1();
  if (!response.stream) head += fmt::format("Content-Length: {}\r\n", response.body.size());
  if (chunked) head += "Transfer-Encoding: chunked\r\n";
  if (!keeps_) head += "Connection: close\r\n";
  if (keeps_ && !parser_->is_http_1_1()) head += "Connection: keep-alive\r\n";
  return head + "\r\n";
}

void Connection::write(std::string text) {
  output_ = std::move(text);
  sent_ = 0;
  writing_ = true;
  since_ = server_.clock();
  write_on();
}

void Connection::write_on() {
  auto rest = boost::asio::buffer(output_.data() + sent_, output_.size() - sent_);
  auto done = [self = shared_from_this()](error_code problem, std::size_t size) {
    self->guarded([&] {
      if (problem) return self->close();
      self->since_ = self->server_.clock();
      self->sent_ += size;
      self->sent_ < self->output_.size() ? self->write_on() : self->written();
    });
  };
  if (tls_) {
    tls_->async_write_some(rest, std::move(done));
  } else {
    socket_.async_write_some(rest, std::move(done));
  }
}

void Connection::written() {
  writing_ = false;
  if (stage_ == Stage::body) return consume();  // "100 Continue"
  if (stream_) {
    if (stage_ == Stage::sending) {
      stage_ = Stage::streaming;
      read();  // to see that the client is gone
    }
    return pump();
  }
  end_exchange();
  if (!keeps_) return part();
  proven_ = true;
  begin_head();
}

void Connection::pump() {
  if (writing_ || stage_ != Stage::streaming) return;
  auto [text, last] = stream_->take();
  bool chunked = parser_->is_http_1_1();
  if (!text.empty()) {
    if (last) stream_->close();  // take() again
    return write(chunked ? fmt::format("{:x}\r\n{}\r\n", text.size(), text) : std::move(text));
  }
  if (!last) return;
  stream_->end();
  stream_.reset();
  stage_ = Stage::sending;
  chunked ? write("0\r\n\r\n") : written();
}

void Connection::end_exchange() {
  drop_body();
  if (!std::exchange(exchanging_, false)) return;
  std::lock_guard lock(server_.mutex);
  if (--server_.in_flight == 0) server_.changed.notify_all();
}

// Closing a socket with bytes that nobody has read would reset the connection, and the client might not see its answer.
void Connection::part() {
  stage_ = Stage::parting;
  since_ = server_.clock();
  filled_ = thrown_ = 0;
  if (tls_) {
    tls_->async_shutdown([self = shared_from_this()](error_code) { self->close(); });
  } else {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    read();
  }
}

// Seconds without anything, after which its stage ends; none while it is the server that is waited for.
std::optional<double> Connection::patience() const {
  const HttpOptions& options = server_.options;
  switch (stage_) {
    case Stage::greeting:
      return options.header_seconds;
    case Stage::head:
      return proven_ && filled_ == 0 && !parser_->has_begun() ? options.idle_seconds : options.header_seconds;
    case Stage::sending:
    case Stage::streaming:
      return writing_ ? std::optional(options.idle_seconds) : std::nullopt;
    case Stage::parting:
      return kPartingSeconds;
    default:
      return std::nullopt;
  }
}

void Connection::look(double now) {
  guarded([&] {
    if (stage_ == Stage::body) return look_at_body(now);
    std::optional<double> most = patience();
    if (!most || now - since_ <= *most) return;
    if (stage_ != Stage::head || !parser_->has_begun()) return close();
    refuse_for_good({408, "too_slow", "the request's head did not arrive in time"});
  });
}

void Connection::look_at_body(double now) {
  bool slow = now - began_ > server_.options.request_seconds;
  if (now - window_began_ >= server_.options.rate_seconds) {
    auto least = static_cast<std::size_t>(server_.options.least_body_rate * (now - window_began_));
    slow = slow || received_ - window_received_ < least;
    window_began_ = now;
    window_received_ = received_;
  }
  if (!slow) return;
  drop_body();
  keeps_ = false;
  send(too_slow());
}

void Connection::stop() {
  stopping_ = true;
  if (stream_) stream_->close();
}

void Connection::close() {
  if (stage_ == Stage::closed) return;
  stage_ = Stage::closed;
  end_exchange();
  if (stream_) stream_->end();
  error_code ignored;
  socket_.close(ignored);
  --server_.clients[client_].connections;
  server_.forget_if_idle(client_);
  server_.connections.erase(shared_from_this());
}

}  // namespace agewise::serve
