// The server against clients that behave in every way but well.
#include "agewise/serve/http.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/serve/listen.h"
#include "agewise/serve/places.h"
#include "tests/serve/client.h"

namespace agewise::serve {
namespace {

using testing::HasSubstr;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Answers at once with the method, path, query and body, but for /later: when `reply` is called.
class Http : public testing::Test {
 protected:
  void start(HttpOptions options = {}) {
    options.port = 0;
    HttpHooks hooks;
    hooks.refuse = [](const HttpRequest& head) {
      return head.path == "/no" ? std::optional(error_response(403, "no", "no")) : std::nullopt;
    };
    hooks.answer = [this](HttpRequest request, Reply reply) { answer(std::move(request), std::move(reply)); };
    hooks.before_sending = [this](const HttpRequest&, HttpResponse& response, double) {
      ++answered;
      response.headers.emplace_back("X-Seen", "yes");
    };
    server = std::make_unique<HttpServer>(options, hooks, now);
    port = server->port();
  }

  void answer(HttpRequest request, Reply reply) {
    if (request.path == "/throw") throw std::runtime_error("a fault");
    if (request.path == "/forget") return;
    if (request.path == "/later") return held.set_value(std::make_shared<Reply>(std::move(reply)));
    std::string text = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) text.append(" ").append(name).append("=").append(value);
    text += " " + std::string(reinterpret_cast<const char*>(request.body.data()), request.body.size());
    reply({200, "text/plain", text});
  }

  std::atomic<int> answered{0};
  std::promise<std::shared_ptr<Reply>> held;
  std::unique_ptr<HttpServer> server;
  int port = 0;
};

TEST_F(Http, hands_out_method_path_query_and_body) {
  start();
  EXPECT_EQ(ask(port, "POST", "/a%20b?x=1%262&y", "", "hello").body, "POST /a b x=1&2 y= hello");
  Answer answer = ask(port, "GET", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers["content-type"], "text/plain");
  EXPECT_EQ(answer.headers["x-seen"], "yes");
}

TEST_F(Http, answers_several_requests_over_one_connection) {
  start();
  Client client(port);
  for (int i = 0; i < 3; ++i) {
    client.send(request_text("POST", "/", "", std::to_string(i)));
    EXPECT_EQ(client.read_answer().body, "POST / " + std::to_string(i));
  }
}

TEST_F(Http, takes_bodies_in_chunks) {
  start();
  Client client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "POST / abcde");
}

TEST_F(Http, answers_later_from_another_thread) {
  start();
  Client client(port);
  client.send(request_text("GET", "/later"));
  std::shared_ptr<Reply> reply = held.get_future().get();
  std::thread([&] { (*reply)({201, "text/plain", "done"}); }).join();
  Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "done");
}

TEST_F(Http, answers_with_500_what_was_forgotten_or_failed) {
  start();
  for (const char* path : {"/forget", "/throw"}) {
    Answer answer = ask(port, "GET", path);
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("\"code\":\"internal\""));
  }
}

TEST_F(Http, survives_a_client_that_leaves_before_its_answer) {
  start();
  std::shared_ptr<Reply> reply;
  {
    Client client(port);
    client.send(request_text("GET", "/later"));
    reply = held.get_future().get();
  }
  (*reply)({200, "text/plain", "to nobody"});
  EXPECT_EQ(ask(port, "GET", "/").status, 200);
}

TEST_F(Http, refuses_a_body_above_the_limit_whether_announced_or_not) {
  HttpOptions options;
  options.largest_body = 1000;
  start(options);
  EXPECT_EQ(ask(port, "POST", "/", "", std::string(1000, 'x')).status, 200);
  EXPECT_EQ(ask(port, "POST", "/", "", std::string(1001, 'x')).status, 413);
  Client client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5dc\r\n" + std::string(1500, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST_F(Http, does_not_read_on_for_ever_what_it_refuses) {
  HttpOptions options;
  options.largest_body = 1000;
  start(options);
  Client announced(port);
  announced.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n");
  EXPECT_EQ(announced.read_answer().status, 413);
  EXPECT_TRUE(announced.is_closed());
  Client endless(port);
  endless.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 100; ++i) endless.send("3e8\r\n" + std::string(1000, 'x') + "\r\n");
  EXPECT_TRUE(endless.is_closed());
}

TEST_F(Http, refuses_by_the_head_before_a_waiting_client_sends_its_body) {
  start();
  Client client(port);
  client.send("POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 403);
}

TEST_F(Http, tells_a_client_that_sends_at_once_why_it_is_refused) {
  start();
  EXPECT_EQ(ask(port, "POST", "/no", "", std::string(1 << 20, 'x')).status, 403);
}

// Those who send a little are not told to come back because of one who sends much, or has stopped to.
TEST_F(Http, lets_the_largest_unfinished_body_give_way_where_memory_is_short) {
  HttpOptions options;
  options.largest_body = 1000;
  options.all_bodies = 1500;
  options.per_client = 1;
  start(options);
  Client slow(port);
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(999, 'x'));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until those have been read
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(port, "POST", "/", "", std::string(600, 'x')).status, 200);
  slow.send("x");
  Answer answer = slow.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers["retry-after"], "1");
  slow.send(request_text("POST", "/", "", "x"));
  EXPECT_EQ(slow.read_answer().status, 200);
}

struct Doubtful {
  const char* what;
  std::string request;
  int status = 400;
};

// What a proxy in front may read otherwise than we do, each with a second request in what only one of them takes for
// the first one's body (RFC 9112, §11.2), and what is no HTTP.
TEST_F(Http, refuses_what_can_be_read_in_two_ways_and_closes_the_connection) {
  start();
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n", chunk = "0\r\n\r\n", second = "GET /2 HTTP/1.1\r\n\r\n";
  const std::vector<Doubtful> all{
      {"two sizes", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + second},
      {"two sizes in one", post + "Content-Length: 5, 6\r\n\r\nhello" + second},
      {"a size with a sign", post + "Content-Length: +5\r\n\r\nhello" + second},
      {"a size that is none", post + "Content-Length: five\r\n\r\nhello" + second},
      {"a size beyond 64 bits", post + "Content-Length: 18446744073709551621\r\n\r\nhello" + second},
      {"size and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + second},
      {"chunks and size", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunk + second},
      {"an unknown encoding", post + "Transfer-Encoding: gzip\r\n\r\n" + chunk + second},
      {"two encodings", post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk + second},
      {"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + second},
      {"not quite chunked", post + "Transfer-Encoding: xchunked\r\n\r\n" + chunk + second},
      {"chunks of HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + second},
      {"a line without CR", "POST / HTTP/1.1\r\nHost: a\nContent-Length: 5\r\n\r\nhello"},
      {"a request line without CR", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
      {"no line with CR", "GET / HTTP/1.1\nHost: a\n\n"},
      {"a CR alone", "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"},
      {"a blank before the colon", post + "Content-Length : 5\r\n\r\nhello" + second},
      {"a line without a colon", post + "Content-Length 5\r\n\r\nhello" + second},
      {"a zero in a header", "GET / HTTP/1.1\r\nHost: a" + std::string(1, '\0') + "b\r\n\r\n"},
      {"a chunk's size that is none", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n" + chunk},
      {"a chunk longer than it says", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n" + chunk},
      {"a zero in the path", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a zero in the query", "GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a new line in the path", "GET /a%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"half a code in the path", "GET /a%4 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no code in the path", "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"no path", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a path without its slash", "GET index HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an unknown version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11) + std::string(500, 'r')},
      {"a large head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40000, 'x') + "\r\n\r\n", 431},
      {"a large line", "GET /" + std::string(40000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
  };
  for (const Doubtful& one : all) {
    Client client(port);
    client.send(one.request);
    Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, one.status) << one.what;
    EXPECT_EQ(answer.headers["content-type"], "application/json") << one.what;
    EXPECT_EQ(answer.headers["connection"], "close") << one.what;
    EXPECT_THAT(answer.body, HasSubstr(one.status == 400 ? R"("code":"bad_request")" : R"("code":"header_too_large")"))
        << one.what;
    EXPECT_EQ(client.read_until("\r\n"), "") << one.what;  // nothing was made of a second request
    EXPECT_TRUE(client.is_closed()) << one.what;
  }
}

TEST_F(Http, takes_what_is_unusual_but_clear) {
  start();
  const std::vector<std::pair<std::string, std::string>> all{
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "POST / hi"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\nHost: b\r\n\r\n",
       "POST / hi"},
      {"GET http://a.example/x?y=1 HTTP/1.1\r\nHost: b\r\n\r\n", "GET /x y=1 "},
      {"GET http://a.example HTTP/1.1\r\nHost: b\r\n\r\n", "GET / "},
      {"OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n", "OPTIONS * "},
      {"\r\nGET / HTTP/1.1\r\nhost:a\r\n\r\n", "GET / "},
      {"GET / HTTP/1.0\r\n\r\n", "GET / "},
  };
  for (const auto& [request, body] : all) {
    Client client(port);
    client.send(request);
    EXPECT_EQ(client.read_answer().body, body) << request;
  }
  Client byte_by_byte(port);
  for (char c : request_text("POST", "/x?y", "", "abc")) byte_by_byte.send({&c, 1});
  EXPECT_EQ(byte_by_byte.read_answer().body, "POST /x y= abc");
}

TEST_F(Http, answers_requests_that_are_sent_before_their_answers_in_order) {
  start();
  Client client(port);
  client.send(request_text("POST", "/1", "", "a") + request_text("GET", "/2") + request_text("POST", "/3", "", "c"));
  for (const char* body : {"POST /1 a", "GET /2 ", "POST /3 c"}) EXPECT_EQ(client.read_answer().body, body);
}

TEST_F(Http, tells_a_waiting_client_to_go_on) {
  start();
  Client client(port);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(client.read_answer().body, "POST / hi");
}

TEST_F(Http, gives_places_to_new_connections_that_half_open_ones_hold) {
  HttpOptions options;
  options.connections = 4;
  start(options);
  Client first(port);
  first.send("GET / HTTP/1.1\r\n");
  std::vector<std::unique_ptr<Client>> half_open;
  for (int i = 0; i < 20; ++i) {
    half_open.push_back(std::make_unique<Client>(port));
    half_open.back()->send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(ask(port, "GET", "/").status, 200);
  }
  EXPECT_TRUE(first.is_closed());
}

TEST_F(Http, lets_one_address_hold_its_part_of_the_connections_and_no_more) {
  HttpOptions options;
  options.connections = 4;
  options.per_client = 0.5;
  start(options);
  Client first(port, "127.0.0.2"), second(port, "127.0.0.2"), other(port);
  for (Client* client : {&first, &second, &other}) client->send("GET / HTTP/1.1\r\n");
  Client third(port, "127.0.0.2");  // there is a fourth place, but not for it
  EXPECT_EQ(first.read_answer().status, 0);
  for (Client* client : {&second, &other}) {
    client->send("Host: a\r\n\r\n");
    EXPECT_EQ(client->read_answer().status, 200);
  }
  third.send(request_text("GET", "/"));
  EXPECT_EQ(third.read_answer().status, 200);
}

TEST_F(Http, never_closes_a_connection_that_waits_for_its_answer_for_another) {
  HttpOptions options;
  options.connections = 2;
  options.per_client = 1;
  start(options);
  Client waiting(port);
  waiting.send(request_text("GET", "/later"));
  std::shared_ptr<Reply> reply = held.get_future().get();
  std::vector<std::unique_ptr<Client>> others;
  for (int i = 0; i < 10; ++i) others.push_back(std::make_unique<Client>(port));
  EXPECT_EQ(ask(port, "GET", "/").status, 200);
  (*reply)({200, "text/plain", "done"});
  EXPECT_EQ(waiting.read_answer().body, "done");
}

TEST_F(Http, cuts_off_a_body_that_stops_and_says_why) {
  HttpOptions options;
  options.rate_seconds = 0.3;
  start(options);
  Client slow(port);
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(1000, 'x'));
  Answer answer = slow.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr("\"code\":\"too_slow\""));
  EXPECT_TRUE(slow.is_closed());
}

TEST_F(Http, waits_longer_for_a_further_request_than_for_the_rest_of_one) {
  HttpOptions options;
  options.header_seconds = 0.2;
  options.idle_seconds = 20;
  start(options);
  Client kept(port), half(port), silent(port);
  kept.send(request_text("GET", "/"));
  EXPECT_EQ(kept.read_answer().status, 200);
  half.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(half.read_answer().status, 408);
  EXPECT_TRUE(silent.is_closed());
  kept.send(request_text("GET", "/"));
  EXPECT_EQ(kept.read_answer().status, 200);
}

TEST_F(Http, cuts_off_a_client_that_sends_a_byte_now_and_then) {
  HttpOptions options;
  options.header_seconds = options.request_seconds = 0.3;
  start(options);
  std::atomic<bool> stop{false};
  Client head(port), body(port);
  head.send("GET / HTTP/1.1\r\n");
  body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  std::thread trickle([&] {
    while (!stop) {
      head.send("X");
      body.send("X");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_TRUE(head.is_closed());
  EXPECT_TRUE(body.is_closed());
  stop = true;
  trickle.join();
}

TEST_F(Http, does_not_cut_off_a_client_that_waits_for_its_answer) {
  HttpOptions options;
  options.request_seconds = 0.1;
  start(options);
  Client client(port);
  client.send(request_text("GET", "/later"));
  std::shared_ptr<Reply> reply = held.get_future().get();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  (*reply)({200, "text/plain", "late"});
  EXPECT_EQ(client.read_answer().body, "late");
}

TEST_F(Http, finishes_what_is_in_flight_and_takes_nothing_more) {
  start();
  Client waiting(port), idle(port);
  idle.send(request_text("GET", "/"));
  idle.read_answer();
  waiting.send(request_text("GET", "/later"));
  std::shared_ptr<Reply> reply = held.get_future().get();
  std::future<void> finished = std::async(std::launch::async, [&] { server->finish(20); });
  Answer last;  // the connection is kept until the server has begun to finish: then this is its last answer
  do {
    idle.send(request_text("GET", "/"));
    last = idle.read_answer();
  } while (last.status == 200 && last.headers["connection"] != "close");
  EXPECT_THAT(last.status, testing::AnyOf(200, 503));
  EXPECT_EQ(last.headers["connection"], "close");
  EXPECT_THROW(Client another(port), std::runtime_error);
  EXPECT_EQ(finished.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  (*reply)({200, "text/plain", "done"});
  finished.get();
  EXPECT_EQ(waiting.read_answer().body, "done");
}

TEST_F(Http, says_where_it_cannot_listen) {
  start();
  HttpOptions options;
  options.port = port;
  EXPECT_THROW(
      {
        try {
          HttpServer second(options, {}, now);
        } catch (const base::Error& error) {
          EXPECT_EQ(error.what(), "cannot listen on 127.0.0.1 port " + std::to_string(port) +
                                      ": Address already in use; choose another port");
          throw;
        }
      },
      base::Error);
  options.address = "localhost";
  EXPECT_THROW(HttpServer(options, {}, now), base::UsageError);
  options.address = "127.0.0.1";
  options.port = 0;
  options.certificate = options.key = "no PEM";
  EXPECT_THROW(HttpServer(options, {}, now), base::Error);
}

// By hand: of unknown clients first, then of connections that brought nothing yet, then of the client with most.
TEST(Places, are_taken_from_those_who_would_miss_them_least) {
  std::vector<Place> places{{"good", true, true, true, 1},    {"good", true, true, false, 2},
                            {"many", true, false, true, 3},   {"many", true, false, true, 0},
                            {"many", false, false, false, 0}, {"one", true, false, false, 9},
                            {"two", true, false, false, 8}};
  EXPECT_EQ(who_gives_way(places), 6U);          // as new as "one", and older
  EXPECT_EQ(who_gives_way(places, "many"), 3U);  // the older of those that wait
  places.resize(5);
  EXPECT_EQ(who_gives_way(places), 3U);
  places.resize(2);
  EXPECT_EQ(who_gives_way(places), 1U);  // brought no request yet
  EXPECT_EQ(who_gives_way(places, "nobody"), std::nullopt);
  EXPECT_EQ(who_gives_way({}), std::nullopt);
}

TEST(Listen, knows_what_only_this_machine_reaches) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("127.9.9.9"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("::"));
  EXPECT_FALSE(is_loopback("192.168.1.5"));
  EXPECT_THROW(is_loopback("localhost"), base::UsageError);
}

}  // namespace
}  // namespace agewise::serve
