// info of label files, as a user meets it.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string kGolden = std::string(AGEWISE_SOURCE_DIR) + "/tests/catalog/golden/wiki.mat";
const std::string kWiki = std::string(AGEWISE_SHARED_DIR) + "/data/wiki/wiki.mat";

class InfoLabels : public testing::Test {
 protected:
  std::string list_ = testing::TempDir() + "agewise-list.csv";
  void TearDown() override { std::filesystem::remove(list_); }
};

TEST_F(InfoLabels, counts_rows_and_rejects_by_reason) {
  Outcome outcome = run("info " + kGolden);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("IMDB-WIKI .mat, 3 rows; screened with recipe seed, 1 are kept"));
  json counts = json::parse(run("info --json " + kGolden).output);
  EXPECT_EQ(counts["rows"], 3);
  EXPECT_EQ(counts["kept"], 1);
  EXPECT_EQ(counts["rejects"], json({{"unknown or impossible date", 1}, {"no face", 1}}));
  EXPECT_EQ(counts["ages"], json({{"20–29", 1}}));
}

TEST_F(InfoLabels, list_is_a_csv_of_the_rows_that_are_kept) {
  run("info " + kGolden + " --set screen.min_face_score=-inf --list " + list_);
  std::string text = base::read_text_file(list_, 10000);
  EXPECT_THAT(text,
              HasSubstr("file,age,gender,race,person,source,split\n01/a_1984-02-03_2009.jpg,25,male,,Åsa Öberg,wiki,"));
  EXPECT_THAT(text, HasSubstr("\n02/b_1990-07-01_2010.jpg,20,female,,小川 紳介,wiki,"));
  json again = json::parse(run("info --json " + list_).output);
  EXPECT_EQ(again["kind"], "CSV");
  EXPECT_EQ(again["kept"], 2);
  EXPECT_EQ(again["genders"], json({{"female", 1}, {"male", 1}, {"unknown", 0}}));
}

TEST_F(InfoLabels, says_what_it_takes_columns_for_and_why_rows_are_not_used) {
  base::write_file(list_, "photo;years;sex\na.jpg;25,5;1\nb.jpg;adult;0\nc.jpg;20-29;1\nd.jpg;NA;1\n");
  json counts = json::parse(run("info --json --columns age=years --gender 1=male " + list_).output);
  EXPECT_EQ(counts["read_as"], "file = photo, age = years, gender = sex; gender 1 means male");
  EXPECT_EQ(counts["rejects"], json({{"no age given", 1}, {"the age cannot be read", 1}}));
  EXPECT_EQ(counts["examples"], json({{"the age cannot be read", {"adult"}}}));
  EXPECT_EQ(counts["ages"], json({{"20–29", 1}}));
  EXPECT_EQ(counts["age_ranges"], json({{"20–29", 1}}));
  EXPECT_EQ(counts["genders"], json({{"female", 0}, {"male", 2}, {"unknown", 0}}));
  Outcome unclear = run("info --columns age=years " + list_);
  EXPECT_EQ(unclear.exit_code, 0);
  EXPECT_THAT(unclear.output, HasSubstr("--gender 1=male"));
  EXPECT_THAT(run("info " + list_).output, HasSubstr("--columns file="));
}

TEST_F(InfoLabels, of_ranges_lists_them_so_that_they_are_read_back) {
  base::write_file(list_, "file,age\na.jpg,20-29\nb.jpg,70+\nc.jpg,31\n");
  std::string again = testing::TempDir() + "agewise-list-again.csv";
  run("info " + list_ + " --list " + again);
  json counts = json::parse(run("info --json " + again).output);
  std::filesystem::remove(again);
  EXPECT_EQ(counts["ages"], json({{"30–39", 1}}));
  EXPECT_EQ(counts["age_ranges"], json({{"20–29", 1}, {"70+", 1}}));
}

TEST_F(InfoLabels, of_what_is_none_fails_in_one_line_and_misuse_exits_with_2) {
  Outcome foreign = run("info " AGEWISE_SOURCE_DIR "/LICENSE");
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.output, HasSubstr("LICENSE: is not a label file"));
  EXPECT_EQ(std::count(foreign.output.begin(), foreign.output.end(), '\n'), 1);
  EXPECT_EQ(run("info no-such-file").exit_code, 1);
  EXPECT_EQ(run("info --sheet x.png " + kGolden).exit_code, 2);
  EXPECT_EQ(run("info --set screen.age_rul=x " + kGolden).exit_code, 2);
}

// Row by row they are compared in tests/catalog/wiki_test.cpp.
TEST_F(InfoLabels, of_wiki_gives_the_numbers_of_another_program) {
  if (!std::filesystem::exists(kWiki)) GTEST_SKIP() << kWiki << " is not here";
  json counts = json::parse(run("info --json " + kWiki + " --set screen.age_rule=birth-month").output);
  EXPECT_EQ(counts["rows"], 62328);
  EXPECT_EQ(counts["kept"], 38874);
  run("info " + kWiki + " --set screen.age_rule=birth-month --set screen.gender=required --list " + list_);
  std::string ours = base::read_text_file(list_, 1 << 24);
  std::string theirs =
      base::read_text_file(std::string(AGEWISE_SHARED_DIR) + "/data/wiki/wiki_yu4u_clean.csv", 1 << 24);
  EXPECT_EQ(std::count(ours.begin(), ours.end(), '\n'), 1 + 38138);
  EXPECT_EQ(std::count(theirs.begin(), theirs.end(), '\n'), 1 + 38138);
}

}  // namespace
}  // namespace agewise::app
