// One client's connection: requests taken in, answers sent, one after the other. For http.cpp alone; all of it happens
// on the server's one thread.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agewise/serve/http.h"
#include "agewise/serve/places.h"
#include "agewise/serve/pushed_stream.h"
#include "agewise/serve/request_parser.h"

namespace agewise::serve {

class Connection;

// What a client takes of the server.
struct ClientUse {
  std::size_t connections = 0, bodies = 0;  // bodies in bytes
};

// What all connections share.
struct HttpShared {
  HttpShared(const HttpOptions& with, HttpHooks to, base::Clock time)
      : options(with), hooks(std::move(to)), clock(std::move(time)) {}

  std::size_t most_connections_of_one() const;
  std::size_t most_bodies_of_one() const;
  bool is_known(const std::string& client) const { return known.contains(client); }
  void make_known(const std::string& client);
  // Before `size` further bytes of `taker`'s body are kept: where they are too many, the largest body that is still
  // being received gives way. False where that is the taker's own.
  bool make_room(const Connection& taker, std::size_t size);
  void forget_if_idle(const std::string& client);

  const HttpOptions options;
  const HttpHooks hooks;
  const base::Clock clock;
  boost::asio::io_context io{1};
  std::optional<boost::asio::ssl::context> tls;
  std::set<std::shared_ptr<Connection>> connections;
  std::map<std::string, ClientUse> clients;
  std::map<std::string, double> known;  // and when that was
  std::size_t bodies = 0;               // bytes

  std::mutex mutex;  // of what follows, which finish() looks at
  std::condition_variable changed;
  int in_flight = 0;
  bool stopping = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // `spare`: there was no place left; requests with a body are refused.
  Connection(HttpShared& server, Socket socket, const Address& peer, bool spare);

  void start();
  void answer(HttpResponse response);  // to the request that was handed out
  void pump();                         // the stream has text, or is closed
  void look(double now);               // closes it where its client is too slow
  void refuse_body();                  // the memory is needed: what comes of it still is thrown away
  void stop();                         // the server stops: a stream ends, the next answer is the last
  void close();

  const std::string& client() const { return client_; }          // whose connection it is
  const std::string& sender() const { return request_.client; }  // whose request is on it: behind a proxy another's
  Place place() const;
  std::size_t body_in_progress() const { return stage_ == Stage::body ? counted_ : 0; }

 private:
  enum class Stage { greeting, head, body, answering, sending, streaming, parting, closed };

  void begin_head();
  void read();
  void arrived(std::size_t size);
  void consume();
  void take_head();  // as far as it has been read, and whose it is
  void begin_request();
  void refuse_early(std::uint64_t announced);
  void take(std::string_view piece);
  void end_of_request();
  void refuse_for_good(const BadRequest& problem);
  void send(HttpResponse response);
  std::string head_of(const HttpResponse& response) const;
  void write(std::string text);
  void write_on();
  void written();
  void end_exchange();
  void drop_body();
  void part();
  std::optional<double> patience() const;
  void look_at_body(double now);
  template <class Work>
  void guarded(const Work& work);

  HttpShared& server_;
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  const Address peer_;
  const std::string client_;
  const bool is_proxy_, spare_;

  Stage stage_ = Stage::greeting;
  double since_;  // the stage began, or a byte was written in it
  bool proven_ = false, keeps_ = true, reading_ = false, writing_ = false, exchanging_ = false, stopping_ = false;
  std::vector<char> input_;
  std::size_t filled_ = 0;
  std::string output_;
  std::size_t sent_ = 0;

  std::unique_ptr<RequestParser> parser_;
  HttpRequest request_;
  std::optional<HttpResponse> refusal_;
  double began_ = 0;                                     // the head was there
  std::size_t received_ = 0, counted_ = 0, thrown_ = 0;  // bytes: of the body; of them kept; after the last answer
  double window_began_ = 0;
  std::size_t window_received_ = 0;  // of the body, when the window began
  std::shared_ptr<PushedStream> stream_;
};

}  // namespace agewise::serve
