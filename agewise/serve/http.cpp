#include "agewise/serve/http.h"

#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <unordered_set>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/serve/listen.h"
#include "agewise/serve/pulled_stream.h"

namespace agewise::serve {
namespace {

constexpr std::size_t kReserve = std::size_t{1} << 20;  // bytes, before a body is there
constexpr std::size_t kHeaderMemory = std::size_t{32} << 10;
constexpr std::size_t kThrownAway = 4;  // times the largest body: of a refused request so much is read
constexpr double kLookEvery = 0.5;      // seconds between looks for clients that are too slow

struct Connection {
  int socket;
  double since;           // from when on the client could have been sending
  bool receiving = true;  // its request is not complete
};

}  // namespace

std::string_view HttpRequest::header(const std::string& lower_case_name) const {
  auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : found->second;
}

HttpResponse error_response(int status, const std::string& code, const std::string& message) {
  nlohmann::ordered_json json{{"error", {{"code", code}, {"message", message}}}};
  return {status, "application/json", json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

HttpResponse busy_response(const std::string& code, const std::string& message) {
  HttpResponse response = error_response(503, code, message);
  response.headers = {{"Retry-After", "1"}};
  return response;
}

// From its first header to the last byte of its answer.
struct Reply::Exchange {
  MHD_Connection* connection;
  HttpRequest request;
  double began;
  std::optional<HttpResponse> refusal;
  std::size_t received = 0, counted = 0;  // bytes of the body; of them, within Inside::bodies
  bool handed_out = false;

  std::mutex mutex;  // of what is below: the answer comes from another thread
  bool suspended = false;
  std::optional<HttpResponse> response;
};

void Reply::operator()(HttpResponse response) {
  std::shared_ptr<Exchange> exchange = std::move(exchange_);
  std::lock_guard lock(exchange->mutex);
  exchange->response = std::move(response);
  if (exchange->suspended) MHD_resume_connection(exchange->connection);
}

Reply::~Reply() {
  if (exchange_) (*this)(error_response(500, "internal", "the request was lost: a fault of the program"));
}

namespace {

MHD_Result take_header(void* cls, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
                       std::size_t value_size) {
  std::string& place = (*static_cast<std::map<std::string, std::string>*>(cls))[base::lower({name, name_size})];
  if (!place.empty()) place += ", ";
  place.append(value == nullptr ? "" : value, value_size);
  return MHD_YES;
}

MHD_Result take_query(void* cls, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
                      std::size_t value_size) {
  auto* query = static_cast<std::vector<std::pair<std::string, std::string>>*>(cls);
  query->emplace_back(std::string(name, name_size), std::string(value == nullptr ? "" : value, value_size));
  return MHD_YES;
}

HttpRequest head_of(MHD_Connection* connection, const char* method, const char* url) {
  HttpRequest head{method, url, {}, {}, {}, {}};
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &take_header, &head.headers);
  MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, &take_query, &head.query);
  return head;
}

std::size_t announced_size(const HttpRequest& head) {
  std::string_view text = head.header("content-length");
  std::size_t size = 0;
  std::from_chars(text.data(), text.data() + text.size(), size);
  return size;
}

HttpResponse too_large(std::size_t most) {
  return error_response(413, "body_too_large", "the body may have " + std::to_string(most) + " bytes at most");
}

MHD_Response* made_response(MHD_Connection* connection, HttpResponse& response,
                            std::vector<std::weak_ptr<PulledStream>>& streams) {
  MHD_Response* made = nullptr;
  if (response.stream) {
    auto stream = std::make_shared<PulledStream>(connection, std::move(response.body));
    streams.push_back(stream);
    response.stream(stream);
    made = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 4096,
        [](void* cls, std::uint64_t, char* place, std::size_t room) {
          return (*static_cast<std::shared_ptr<PulledStream>*>(cls))->pull(place, room);
        },
        new std::shared_ptr<PulledStream>(stream),
        [](void* cls) {
          std::unique_ptr<std::shared_ptr<PulledStream>> held(static_cast<std::shared_ptr<PulledStream>*>(cls));
          (*held)->end();
        });
  } else {
    auto* body = new std::string(std::move(response.body));
    made = MHD_create_response_from_buffer_with_free_callback_cls(
        body->size(), body->data(), [](void* cls) { delete static_cast<std::string*>(cls); }, body);
  }
  MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response.type.c_str());
  for (const auto& [name, value] : response.headers) MHD_add_response_header(made, name.c_str(), value.c_str());
  return made;
}

}  // namespace

struct HttpServer::Inside {
  using Exchange = Reply::Exchange;
  using Held = std::shared_ptr<Exchange>;  // what libmicrohttpd carries from call to call

  Inside(const HttpOptions& with, HttpHooks to, base::Clock time)
      : options(with), hooks(std::move(to)), clock(std::move(time)) {}

  MHD_Result begin(MHD_Connection* connection, const char* url, const char* method, void** place);
  void take(Exchange& exchange, const char* data, std::size_t size);
  void hand_out(const Held& exchange);
  MHD_Result send(Exchange& exchange, HttpResponse response);
  void end(const Exchange& exchange);
  void mark(MHD_Connection* connection, bool receiving);
  void cut_off_the_slow();
  void start();

  static MHD_Result on_access(void* cls, MHD_Connection* connection, const char* url, const char* method, const char*,
                              const char* data, std::size_t* size, void** place);
  static void on_completed(void* cls, MHD_Connection*, void** place, MHD_RequestTerminationCode);
  static void on_connection(void* cls, MHD_Connection* connection, void** place, MHD_ConnectionNotificationCode what);
  MHD_Result go_on(MHD_Connection* connection, const Held& exchange, const char* data, std::size_t& size);

  const HttpOptions options;
  const HttpHooks hooks;
  const base::Clock clock;
  Listener listener{};
  MHD_Daemon* daemon = nullptr;
  std::size_t bodies = 0;                            // bytes; on the server's thread only, as all up to the mutex
  std::vector<std::weak_ptr<PulledStream>> streams;  // guarded by `mutex`, like what follows

  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_set<Connection*> connections;
  int in_flight = 0;
  bool stopping = false, closed = false;
  std::thread watcher;
};

MHD_Result HttpServer::Inside::begin(MHD_Connection* connection, const char* url, const char* method, void** place) {
  auto exchange = std::make_shared<Exchange>();
  exchange->connection = connection;
  exchange->request = head_of(connection, method, url);
  exchange->began = clock();
  *place = new Held(exchange);
  {
    std::lock_guard lock(mutex);
    ++in_flight;
    if (stopping) exchange->refusal = busy_response("stopping", "the server is stopping");
  }
  std::size_t size = announced_size(exchange->request);
  if (!exchange->refusal) exchange->refusal = hooks.refuse(exchange->request);
  if (!exchange->refusal && size > options.largest_body) {
    exchange->refusal = too_large(options.largest_body);
  }
  bool waits = !exchange->request.header("expect").empty();  // a client that has not begun to send its body
  if (exchange->refusal && (waits || size > kThrownAway * options.largest_body)) {
    return send(*exchange, *exchange->refusal);
  }
  if (!exchange->refusal) exchange->request.body.reserve(std::min(size, kReserve));
  return MHD_YES;
}

void HttpServer::Inside::take(Exchange& exchange, const char* data, std::size_t size) {
  exchange.received += size;
  if (exchange.refusal) return;
  if (exchange.received > options.largest_body) {
    exchange.refusal = too_large(options.largest_body);
  } else if (bodies + size > options.all_bodies) {
    exchange.refusal = busy_response("busy", "too many pictures are being sent at once: try again");
  }
  std::vector<std::byte>& body = exchange.request.body;
  if (exchange.refusal) {
    std::vector<std::byte>().swap(body);
    bodies -= std::exchange(exchange.counted, 0);
    return;
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  body.insert(body.end(), bytes, bytes + size);
  exchange.counted += size;
  bodies += size;
}

void HttpServer::Inside::hand_out(const Held& exchange) {
  exchange->handed_out = true;
  mark(exchange->connection, /*receiving=*/false);
  std::vector<std::byte> body = std::move(exchange->request.body);
  HttpRequest whole = exchange->request;  // its head is still needed when the answer is sent
  whole.body = std::move(body);
  try {
    hooks.answer(std::move(whole), Reply(exchange));
  } catch (const std::exception&) {  // the reply, as it went, has answered with 500
  }
}

MHD_Result HttpServer::Inside::send(Exchange& exchange, HttpResponse response) {
  hooks.before_sending(exchange.request, response, clock() - exchange.began);
  std::unique_lock lock(mutex);
  if (stopping) response.headers.emplace_back("Connection", "close");
  std::erase_if(streams, [](const auto& stream) { return stream.expired(); });
  MHD_Response* made = made_response(exchange.connection, response, streams);
  if (stopping && response.stream) streams.back().lock()->close();
  lock.unlock();
  MHD_Result result = MHD_queue_response(exchange.connection, static_cast<unsigned>(response.status), made);
  MHD_destroy_response(made);
  return result;
}

void HttpServer::Inside::end(const Exchange& exchange) {
  bodies -= exchange.counted;
  mark(exchange.connection, /*receiving=*/true);
  std::lock_guard lock(mutex);
  if (--in_flight == 0) changed.notify_all();
}

void HttpServer::Inside::mark(MHD_Connection* connection, bool receiving) {
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  auto* marked = static_cast<Connection*>(info->socket_context);
  std::lock_guard lock(mutex);
  marked->receiving = receiving;
  if (receiving) marked->since = clock();
}

// libmicrohttpd's own limit is one of silence: a client that sends a byte now and then would hold its place for ever.
void HttpServer::Inside::cut_off_the_slow() {
  std::unique_lock lock(mutex);
  while (!closed) {
    changed.wait_for(lock, std::chrono::duration<double>(kLookEvery));
    double now = clock();
    for (const Connection* one : connections) {
      if (one->receiving && now - one->since > options.request_seconds) ::shutdown(one->socket, SHUT_RDWR);
    }
  }
}

MHD_Result HttpServer::Inside::go_on(MHD_Connection* connection, const Held& exchange, const char* data,
                                     std::size_t& size) {
  if (size > 0) {
    take(*exchange, data, std::exchange(size, 0));
    return exchange->received > kThrownAway * options.largest_body ? MHD_NO : MHD_YES;
  }
  if (exchange->refusal) return send(*exchange, std::move(*exchange->refusal));
  if (!exchange->handed_out) hand_out(exchange);
  std::unique_lock lock(exchange->mutex);
  if (!exchange->response) {
    MHD_suspend_connection(connection);
    exchange->suspended = true;
    return MHD_YES;
  }
  lock.unlock();
  return send(*exchange, std::move(*exchange->response));
}

// What is thrown here (memory that has run out) costs one connection.
MHD_Result HttpServer::Inside::on_access(void* cls, MHD_Connection* connection, const char* url, const char* method,
                                         const char*, const char* data, std::size_t* size, void** place) {
  auto* inside = static_cast<Inside*>(cls);
  try {
    if (*place == nullptr) return inside->begin(connection, url, method, place);
    return inside->go_on(connection, *static_cast<Held*>(*place), data, *size);
  } catch (const std::exception&) {
    return MHD_NO;
  }
}

void HttpServer::Inside::on_completed(void* cls, MHD_Connection*, void** place, MHD_RequestTerminationCode) {
  if (*place == nullptr) return;
  std::unique_ptr<Held> held(static_cast<Held*>(*place));
  *place = nullptr;
  static_cast<Inside*>(cls)->end(**held);
}

void HttpServer::Inside::on_connection(void* cls, MHD_Connection* connection, void** place,
                                       MHD_ConnectionNotificationCode what) {
  auto* inside = static_cast<Inside*>(cls);
  std::lock_guard lock(inside->mutex);
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    auto* made = new Connection{info->connect_fd, inside->clock()};
    inside->connections.insert(made);
    *place = made;
  } else {
    auto* gone = static_cast<Connection*>(*place);
    inside->connections.erase(gone);
    delete gone;
  }
}

void HttpServer::Inside::start() {
  listener = options.listener ? *options.listener : listen_on(options.address, options.port);
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
  if (listener.ipv6) flags |= MHD_USE_IPv6;
  std::vector<MHD_OptionItem> more;
  if (!options.certificate.empty()) {
    flags |= MHD_USE_TLS;
    more.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, const_cast<char*>(options.certificate.c_str())});
    more.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(options.key.c_str())});
  }
  more.push_back({MHD_OPTION_END, 0, nullptr});
  daemon =
      MHD_start_daemon(flags, 0, nullptr, nullptr, &on_access, this, MHD_OPTION_LISTEN_SOCKET, listener.socket,
                       MHD_OPTION_NOTIFY_COMPLETED, &on_completed, this, MHD_OPTION_NOTIFY_CONNECTION, &on_connection,
                       this, MHD_OPTION_CONNECTION_LIMIT, options.connections, MHD_OPTION_CONNECTION_TIMEOUT,
                       options.idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHeaderMemory,
                       MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more.data(), MHD_OPTION_END);
  if (daemon == nullptr) {
    ::close(listener.socket);
    throw base::Error(options.certificate.empty()
                          ? "the HTTP server cannot start: no threads or files left"
                          : "the TLS certificate and key are not PEM, or do not belong together");
  }
  watcher = std::thread([this] { cut_off_the_slow(); });
}

HttpServer::HttpServer(const HttpOptions& options, HttpHooks hooks, base::Clock clock)
    : inside_(std::make_unique<Inside>(options, std::move(hooks), std::move(clock))) {
  inside_->start();
}

int HttpServer::port() const { return inside_->listener.port; }

void HttpServer::finish(double seconds) {
  std::unique_lock lock(inside_->mutex);
  if (std::exchange(inside_->stopping, true)) return;
  for (const auto& stream : inside_->streams) {
    if (auto held = stream.lock()) held->close();
  }
  lock.unlock();
  MHD_quiesce_daemon(inside_->daemon);
  ::shutdown(inside_->listener.socket, SHUT_RDWR);  // refuses; the server's thread may still have it in hand
  lock.lock();
  inside_->changed.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return inside_->in_flight == 0; });
}

HttpServer::~HttpServer() {
  finish(0);
  {
    std::lock_guard lock(inside_->mutex);
    inside_->closed = true;
    inside_->changed.notify_all();
  }
  inside_->watcher.join();
  MHD_stop_daemon(inside_->daemon);
  ::close(inside_->listener.socket);
}

}  // namespace agewise::serve
