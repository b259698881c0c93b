#include "app/terminal.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace agewise::app {
namespace {

TEST(ProgressText, tells_share_rate_time_left_and_rejects) {
  base::Progress progress{"preparing", 12345, 62328, 132};
  // 1,000 a second: 49,983 are left.
  EXPECT_EQ(progress_text(progress, 12000, 12), "preparing  12,345 of 62,328  19 %  1,000/s  0:50 left  132 rejects");
}

TEST(ProgressText, leaves_out_what_is_not_known_yet) {
  EXPECT_EQ(progress_text({"reading", 0, 0, 0}, 0, 0), "reading  0");
  EXPECT_EQ(progress_text({"reading", 20, 0, 0}, 20, 10), "reading  20  2.0/s");
  EXPECT_EQ(progress_text({"reading", 20, 20, 0}, 20, 1), "reading  20 of 20  100 %  20/s");
}

// Of a test standard error is no terminal, or captured. Done at second t: 10 t of 1,000.
TEST(ProgressLine, writes_a_line_every_thirty_seconds_where_there_is_no_terminal) {
  double now = 1000;
  testing::internal::CaptureStderr();
  {
    ProgressLine line([&] { return now; });
    base::ProgressSink sink = line.sink();
    for (int second = 0; second < 70; ++second, ++now) sink({"whitening", std::uint64_t{10} * second, 1000, 0});
    for (int second = 70; second < 95; ++second, ++now) sink({"training", std::uint64_t{1} * second, 100, 0});
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "whitening  300 of 1,000  30 %  10/s  1:10 left\n"
            "whitening  600 of 1,000  60 %  10/s  0:40 left\n"
            "training  90 of 100  90 %  1.0/s  0:10 left\n");
}

TEST(JsonText, escapes_what_is_not_utf8_at_any_depth) {
  nlohmann::ordered_json json;
  json["faces"][0]["file"] = "caf\xE9.jpg";
  json["faces"][0]["age"] = nullptr;
  EXPECT_EQ(json_text(json), R"({"faces":[{"file":"caf\\xE9.jpg","age":null}]})");
}

TEST(DurationText, grows_from_seconds_to_days) {
  EXPECT_EQ(duration_text(0.2), "0:01");
  EXPECT_EQ(duration_text(3599), "59:59");
  EXPECT_EQ(duration_text(3723), "1:02:03");
  EXPECT_EQ(duration_text(86400 * 3 + 4 * 3600), "3 days 04:00");
}

TEST(WithThousands, separates_every_three_digits) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
}

TEST(Table, sets_numbers_to_the_right_and_counts_characters_not_bytes) {
  EXPECT_EQ(table({{"class", "rows"}, {"30–44", "5"}, {"60 and over", "1,200"}}),
            "class         rows\n"
            "-----------  -----\n"
            "30–44            5\n"
            "60 and over  1,200\n");
}

}  // namespace
}  // namespace agewise::app
