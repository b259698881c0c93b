#include "agewise/train/log.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

EpochRecord record_of(int epoch) {
  EpochRecord record;
  record.epoch = epoch;
  record.train = {1.25, 0.5, 12.125};
  record.validation = {1.5, 0.375, 13};
  record.epsilon_error = std::nan("");
  record.images_per_second = 2400;
  record.best = epoch == 2;
  return record;
}

TEST(Log, of_before_the_learning_rate_was_called_so_is_read) {
  tiny::Folder folder;
  EpochRecord record = record_of(1);
  record.learning_rate = 0.125;
  std::string line = to_line(record), now = "\"learning_rate\":0.125";
  ASSERT_NE(line.find(now), std::string::npos);
  std::ofstream(folder / "log.jsonl") << line.replace(line.find(now), now.size(), "\"rate\":0.125") << "\n";
  EXPECT_EQ(read_log(folder / "log.jsonl").at(0).learning_rate, 0.125);
}

TEST(Log, gives_back_what_was_appended) {
  tiny::Folder folder;
  EXPECT_TRUE(read_log(folder / "log.jsonl").empty());
  append_to_log(folder / "log.jsonl", record_of(1));
  append_to_log(folder / "log.jsonl", record_of(2));
  std::vector<EpochRecord> log = read_log(folder / "log.jsonl");
  ASSERT_EQ(log.size(), 2);
  EXPECT_EQ(log[0].train.mae, 12.125);
  EXPECT_EQ(log[1].validation.accuracy, 0.375);
  EXPECT_TRUE(std::isnan(log[1].epsilon_error));
  EXPECT_FALSE(log[0].best);
  EXPECT_TRUE(log[1].best);
}

TEST(Log, passes_over_a_line_that_a_crash_cut_short) {
  tiny::Folder folder;
  append_to_log(folder / "log.jsonl", record_of(1));
  std::ofstream(folder / "log.jsonl", std::ios::app) << R"({"epoch":2,"train_l)";
  EXPECT_EQ(read_log(folder / "log.jsonl").size(), 1);
}

TEST(Log, refuses_a_line_with_a_flipped_bit_and_names_it) {
  tiny::Folder folder;
  std::filesystem::path file = folder / "log.jsonl";
  append_to_log(file, record_of(1));
  append_to_log(file, record_of(2));
  std::string whole = base::read_text_file(file, 1 << 16);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    base::write_file(file, flipped);
    std::string lines;
    std::string problem = error_of([&] {
      for (const EpochRecord& record : read_log(file)) lines += to_line(record) + "\n";
    });
    if (problem != "no error") {
      EXPECT_THAT(problem, HasSubstr(bit / 8 <= whole.find('\n') ? "line 1" : "line 2"));
    } else {
      EXPECT_EQ(lines, to_line(record_of(1)) + "\n" + to_line(record_of(2)) + "\n");
    }
  }
}

TEST(Log, is_cut_back_to_an_epoch) {
  tiny::Folder folder;
  for (int epoch = 1; epoch <= 5; ++epoch) append_to_log(folder / "log.jsonl", record_of(epoch));
  cut_log(folder / "log.jsonl", 3);
  std::vector<EpochRecord> log = read_log(folder / "log.jsonl");
  ASSERT_EQ(log.size(), 3);
  EXPECT_EQ(log.back().epoch, 3);
}

TEST(Log, names_the_line_that_is_no_epoch) {
  tiny::Folder folder;
  append_to_log(folder / "log.jsonl", record_of(1));
  std::ofstream(folder / "log.jsonl", std::ios::app) << "{}\n";
  try {
    read_log(folder / "log.jsonl");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("log.jsonl: line 2"));
  }
}

}  // namespace
}  // namespace agewise::train
