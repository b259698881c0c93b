#include "agewise/serve/http.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/serve/connection.h"

namespace agewise::serve {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kLookEvery = std::chrono::milliseconds(250);  // for clients that are too slow
constexpr auto kNoFilesLeft = std::chrono::milliseconds(100);
// Connections beyond the limit, where all others are at work: health checks are answered on them.
constexpr std::size_t kSpare = 16;

Address address_of(const asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

void set_up_tls(asio::ssl::context& tls, const HttpOptions& options) {
  using Context = asio::ssl::context;
  tls.set_options(Context::default_workarounds | Context::no_sslv2 | Context::no_sslv3 | Context::no_tlsv1 |
                  Context::no_tlsv1_1 | Context::no_compression | SSL_OP_NO_RENEGOTIATION);
  error_code problem;
  tls.use_certificate_chain(asio::buffer(options.certificate), problem);
  if (!problem) tls.use_private_key(asio::buffer(options.key), Context::pem, problem);
  if (problem || ::SSL_CTX_check_private_key(tls.native_handle()) != 1) {
    throw base::Error("the TLS certificate and key are not PEM, or do not belong together");
  }
}

}  // namespace

std::string_view HttpRequest::header(const std::string& lower_case_name) const {
  auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : found->second;
}

HttpResponse error_response(int status, const std::string& code, const std::string& message) {
  nlohmann::ordered_json json{{"error", {{"code", code}, {"message", message}}}};
  return {status, "application/json", base::json_text_to_show(json)};
}

HttpResponse busy_response(const std::string& code, const std::string& message) {
  HttpResponse response = error_response(503, code, message);
  response.headers = {{"Retry-After", "1"}};
  return response;
}

struct HttpServer::Inside {
  Inside(const HttpOptions& options, HttpHooks hooks, base::Clock clock)
      : shared(options, std::move(hooks), std::move(clock)), acceptor(shared.io), timer(shared.io), pause(shared.io) {}

  void start();
  void accept();
  void admit(tcp::socket socket);
  bool is_full(const std::string& client) const;
  bool make_place(const std::string& client, bool limited);
  bool close_one(const std::string* of_client);
  void look();
  void run();

  HttpShared shared;
  tcp::acceptor acceptor;
  asio::steady_timer timer, pause;
  int port = 0;
  std::thread thread;
};

void HttpServer::Inside::start() {
  const HttpOptions& options = shared.options;
  Listener listener = options.listener ? *options.listener : listen_on(options.address, options.port);
  port = listener.port;
  acceptor.assign(listener.ipv6 ? tcp::v6() : tcp::v4(), listener.socket);
  if (!options.certificate.empty()) {
    shared.tls.emplace(asio::ssl::context::tls_server);
    set_up_tls(*shared.tls, options);
  }
  accept();
  look();
  thread = std::thread([this] { run(); });
}

// Handlers catch what concerns one connection; what is left is memory that has run out while one was accepted.
void HttpServer::Inside::run() {
  while (true) {
    try {
      shared.io.run();
      return;
    } catch (const std::exception&) {
      if (acceptor.is_open()) accept();
    }
  }
}

void HttpServer::Inside::accept() {
  acceptor.async_accept([this](error_code problem, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (problem == asio::error::no_descriptors) {
      close_one(nullptr);
      pause.expires_after(kNoFilesLeft);
      return pause.async_wait([this](error_code) {
        if (acceptor.is_open()) accept();
      });
    }
    if (!problem) admit(std::move(socket));
    accept();
  });
}

void HttpServer::Inside::admit(tcp::socket socket) {
  error_code problem;
  tcp::endpoint from = socket.remote_endpoint(problem);
  if (problem) return;
  socket.set_option(tcp::no_delay(true), problem);
  socket.non_blocking(true, problem);
  Address peer = address_of(from.address());
  std::string client = client_of(peer);
  bool limited = !contains(shared.options.trusted, peer);  // a proxy's connections are those of many clients
  bool has_place = make_place(client, limited);
  bool own_full = limited && is_full(client);
  if (own_full || shared.connections.size() >= shared.options.connections + kSpare) return;  // closed
  auto connection = std::make_shared<Connection>(shared, std::move(socket), peer, !has_place);
  shared.connections.insert(connection);
  ++shared.clients[client].connections;
  connection->start();
}

bool HttpServer::Inside::is_full(const std::string& client) const {
  auto use = shared.clients.find(client);
  return use != shared.clients.end() && use->second.connections >= shared.most_connections_of_one();
}

// Closes another where that is needed. False where there is none that may be closed.
bool HttpServer::Inside::make_place(const std::string& client, bool limited) {
  if (limited && is_full(client)) return close_one(&client);
  return shared.connections.size() < shared.options.connections || close_one(nullptr);
}

bool HttpServer::Inside::close_one(const std::string* of_client) {
  std::vector<Place> places;
  std::vector<std::shared_ptr<Connection>> connections(shared.connections.begin(), shared.connections.end());
  for (const auto& connection : connections) places.push_back(connection->place());
  std::optional<std::size_t> one = of_client == nullptr ? who_gives_way(places) : who_gives_way(places, *of_client);
  if (one) connections[*one]->close();
  return one.has_value();
}

void HttpServer::Inside::look() {
  timer.expires_after(kLookEvery);
  timer.async_wait([this](error_code problem) {
    if (problem) return;
    double now = shared.clock();
    std::vector<std::shared_ptr<Connection>> connections(shared.connections.begin(), shared.connections.end());
    for (const auto& connection : connections) connection->look(now);
    look();
  });
}

HttpServer::HttpServer(const HttpOptions& options, HttpHooks hooks, base::Clock clock)
    : inside_(std::make_unique<Inside>(options, std::move(hooks), std::move(clock))) {
  inside_->start();
}

int HttpServer::port() const { return inside_->port; }

void HttpServer::finish(double seconds) {
  HttpShared& shared = inside_->shared;
  std::promise<void> closed;
  asio::post(shared.io, [&] {
    error_code ignored;
    inside_->acceptor.close(ignored);  // before an answer may say that the server is stopping
    {
      std::lock_guard lock(shared.mutex);
      shared.stopping = true;
    }
    for (const auto& connection : shared.connections) connection->stop();
    closed.set_value();
  });
  closed.get_future().wait();
  std::unique_lock lock(shared.mutex);
  shared.changed.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return shared.in_flight == 0; });
}

HttpServer::~HttpServer() {
  finish(0);
  HttpShared& shared = inside_->shared;
  shared.io.stop();
  inside_->thread.join();
  while (!shared.connections.empty()) std::shared_ptr<Connection>(*shared.connections.begin())->close();
}

}  // namespace agewise::serve
