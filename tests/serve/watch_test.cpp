#include "agewise/serve/watch.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

#include "agewise/base/files.h"
#include "tests/serve/client.h"

namespace agewise::serve {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Watch : public testing::Test {
 protected:
  Watch() { std::filesystem::create_directories(run.path); }
  ~Watch() override { std::filesystem::remove_all(run.path); }

  static train::EpochRecord epoch(int number) {
    train::EpochRecord record;
    record.epoch = number;
    return record;
  }
  // What a client is sent up to and with `end`.
  static std::string events(Client& client, const std::string& end) { return client.read_until(end); }
  static void listen(Client& client, const std::string& headers = "") {
    client.send(request_text("GET", "/events", headers));
  }

  train::RunFolder run{std::filesystem::path(testing::TempDir()) / ("watch" + std::to_string(::getpid()))};
};

TEST_F(Watch, sends_the_epochs_that_are_there_and_then_each_new_one) {
  train::append_to_log(run.log(), epoch(1));
  train::append_to_log(run.log(), epoch(2));
  RunWatch watch(run, listen_on("127.0.0.1", 0), now);
  Client client(watch.port());
  listen(client);
  EXPECT_THAT(events(client, train::to_line(epoch(2)) + "\n\n"),
              AllOf(HasSubstr("Content-Type: text/event-stream\r\n"),
                    HasSubstr("id: 1\nevent: epoch\ndata: " + train::to_line(epoch(1)))));
  watch.epoch_done(epoch(3));
  EXPECT_THAT(events(client, "\n\n"), HasSubstr("id: 3\nevent: epoch\ndata: " + train::to_line(epoch(3))));
}

TEST_F(Watch, goes_on_after_the_last_event_that_a_browser_has_seen) {
  for (int i = 1; i <= 3; ++i) train::append_to_log(run.log(), epoch(i));
  RunWatch watch(run, listen_on("127.0.0.1", 0), now);
  Client client(watch.port());
  listen(client, "Last-Event-ID: 2\r\n");
  EXPECT_THAT(events(client, train::to_line(epoch(3))),
              AllOf(HasSubstr("event: run\n"), Not(HasSubstr("id: 2\n")), HasSubstr("id: 3\nevent: epoch\ndata: ")));
}

TEST_F(Watch, tells_how_far_it_is_at_most_twice_a_second) {
  std::atomic<double> time{0};
  RunWatch watch(run, listen_on("127.0.0.1", 0), [&] { return time.load(); });
  Client client(watch.port());
  listen(client);
  events(client, "event: run\n");
  for (int i = 0; i < 10; ++i) {
    time = 0.1 * i;
    watch.progress({"epoch 1 of 2", static_cast<std::uint64_t>(i), 10, 0});
  }
  watch.epoch_done(epoch(1));
  std::string text = events(client, "event: epoch\n");
  EXPECT_THAT(text, AllOf(HasSubstr(R"("done":0)"), HasSubstr(R"("done":5)"), HasSubstr(R"("what":"epoch 1 of 2")")));
  EXPECT_THAT(text, Not(HasSubstr(R"("done":4)")));
}

TEST_F(Watch, says_that_the_run_has_ended) {
  auto watch = std::make_unique<RunWatch>(run, listen_on("127.0.0.1", 0), now);
  Client client(watch->port());
  listen(client);
  events(client, "event: run\n");
  watch.reset();
  EXPECT_THAT(events(client, "event: end\ndata: {}\n\n"), HasSubstr("event: end\n"));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Watch, shows_its_page_and_the_report_once_there_is_one) {
  RunWatch watch(run, listen_on("127.0.0.1", 0), now);
  EXPECT_THAT(ask(watch.port(), "GET", "/").body, HasSubstr("<title>agewise: a run</title>"));
  EXPECT_EQ(ask(watch.port(), "GET", "/watch.js").status, 200);
  EXPECT_EQ(ask(watch.port(), "GET", "/report.html").status, 404);
  base::write_file(run.path / "report.html", std::string_view("<html>the report</html>"));
  EXPECT_EQ(ask(watch.port(), "GET", "/report.html").body, "<html>the report</html>");
}

TEST_F(Watch, serves_nothing_else_and_nobody_else) {
  base::write_file(run.path / "secret", std::string_view("x"));
  RunWatch watch(run, listen_on("127.0.0.1", 0), now);
  EXPECT_EQ(ask(watch.port(), "GET", "/secret").status, 404);
  EXPECT_EQ(ask(watch.port(), "POST", "/").status, 405);
  EXPECT_EQ(ask(watch.port(), "GET", "/", "Host: evil.example\r\n").status, 403);
}

}  // namespace
}  // namespace agewise::serve
