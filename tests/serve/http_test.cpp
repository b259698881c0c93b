// The server against clients that behave in every way but well.
#include "agewise/serve/http.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "agewise/base/error.h"
#include "agewise/serve/listen.h"
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

TEST_F(Http, bounds_the_bodies_that_are_received_at_once) {
  HttpOptions options;
  options.largest_body = 1000;
  options.all_bodies = 1500;
  start(options);
  Client slow(port);
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(999, 'x'));
  while (ask(port, "POST", "/", "", std::string(600, 'x')).status != 503) {  // until those 999 have been read
  }
  Answer answer = ask(port, "POST", "/", "", std::string(600, 'x'));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers["retry-after"], "1");
  slow.send("x");
  EXPECT_EQ(slow.read_answer().status, 200);
  EXPECT_EQ(ask(port, "POST", "/", "", std::string(600, 'x')).status, 200);
}

TEST_F(Http, cuts_off_a_client_that_sends_a_byte_now_and_then) {
  HttpOptions options;
  options.request_seconds = 0.3;
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
