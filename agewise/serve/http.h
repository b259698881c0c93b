// HTTP over Boost.Asio and Boost.Beast: one thread takes requests in and hands them out whole; answers may come later,
// from any thread. Only connection.h, request_parser.cpp and what includes them know the libraries.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/serve/forwarded.h"
#include "agewise/serve/listen.h"

namespace agewise::serve {

struct HttpRequest {
  std::string method, path;                                // "POST", "/v1/estimate"
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::map<std::string, std::string> headers;              // names in lower case; repeated ones joined by ", "
  std::vector<std::byte> body;
  std::string client;     // its address; of IPv6 the first half, which is one customer's
  bool by_proxy = false;  // a trusted one handed it on, and says whose it is

  // A header's value, empty if absent.
  std::string_view header(const std::string& lower_case_name) const;
};

// Text that reaches one client piece by piece: a body that goes on. Any thread.
class EventStream {
 public:
  virtual ~EventStream() = default;
  virtual void push(std::string_view text) = 0;  // a client that reads too slowly is cut off
  virtual void close() = 0;                      // after what was pushed
  virtual bool gone() const = 0;                 // nobody reads any more
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json", body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  // If set, called once with the stream that follows `body`.
  std::function<void(std::shared_ptr<EventStream>)> stream = {};
};

// {"error": {"code": …, "message": …}}: what every refusal looks like.
HttpResponse error_response(int status, const std::string& code, const std::string& message);
HttpResponse busy_response(const std::string& code, const std::string& message);  // 503, Retry-After: 1

// Answers one request, once. If it goes without having been called the request is answered with 500.
class Reply {
 public:
  struct Exchange;
  explicit Reply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Reply(Reply&&) = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();
  void operator()(HttpResponse response);

 private:
  std::shared_ptr<Exchange> exchange_;
};

struct HttpOptions {
  std::string address = "127.0.0.1";                 // a numeric address, IPv4 or IPv6
  int port = 8080;                                   // 0: any free one
  std::optional<Listener> listener = {};             // in place of both: listens already, and is closed at the end
  std::string certificate, key;                      // PEM, both or none: TLS, of version 1.2 or later
  unsigned connections = 256;                        // at once; a further one takes the place of one that only waits
  double per_client = 0.5;                           // part of connections and all_bodies that one address may take
  std::vector<Network> trusted = {};                 // proxies: whom they hand requests on for is the client
  double idle_seconds = 15;                          // after which a connection without a further request is closed
  double header_seconds = 5;                         // in which a head must have arrived since its first byte
  double request_seconds = 30;                       // in which a body must have arrived
  double least_body_rate = 4096;                     // bytes a second, over each
  double rate_seconds = 5;                           // of these
  std::size_t largest_body = std::size_t{32} << 20;  // bytes: 413 beyond it
  // Bytes of all requests that are being received or answered. Beyond it the largest that is being received is answered
  // with 503.
  std::size_t all_bodies = std::size_t{256} << 20;
};

// What the server is for. Called on its one thread: must not block.
struct HttpHooks {
  // Once the head is there; what it returns refuses the request, whose body is then read and thrown away.
  // Requests that are no proper HTTP never come here: they are answered with 400 (408, 431), and their connection
  // closed.
  std::function<std::optional<HttpResponse>(const HttpRequest& head)> refuse;
  std::function<void(HttpRequest request, Reply reply)> answer;
  // Of every response, also of those that the server makes itself: `seconds` since the head was there. May add headers.
  std::function<void(const HttpRequest& head, HttpResponse& response, double seconds)> before_sending;
};

class HttpServer {
 public:
  // Listens from here on. Throws Error where it cannot: the address is taken, the certificate is none.
  HttpServer(const HttpOptions& options, HttpHooks hooks, base::Clock clock);
  // Stops at once; every Reply must have been called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  // Takes no further connection and answers further requests with 503; returns when those in flight are answered, or
  // after so many seconds. Streams are closed.
  void finish(double seconds);

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace agewise::serve
