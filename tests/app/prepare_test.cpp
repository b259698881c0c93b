// prepare, and info of a store, as a user meets them: what is printed, exit codes, several processes at once.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "agewise/base/files.h"
#include "tests/app/run_program.h"
#include "tests/prepare/collection.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PrepareCommand : public prepare::Collection {
 protected:
  void SetUp() override {
    prepare::Collection::SetUp();
    write_thirty_and_faults();
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string command(const std::string& pictures) const {
    return "prepare " + at("faces.db") + " --labels " + at("labels.csv") + " --pictures " + pictures;
  }
};

TEST_F(PrepareCommand, tells_the_size_first_and_the_counts_by_reason_last) {
  Outcome outcome = app::run(command("-") + " <" + at("p.tar"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "32 label rows, of which screening keeps 31; " + at("faces.db") +
                                " will take about 1 MB\n"
                                "1 pictures or other files that no label row names\n"
                                "rows  what became of them\n"
                                "----  ---------------------\n"
                                "  30  prepared\n"
                                "   1  age above the maximum\n"
                                "   1  no such file\n");
}

TEST_F(PrepareCommand, run_again_leaves_a_complete_store_as_it_is) {
  app::run(command(at("p.tar")));
  Outcome again = app::run(command(at("p.tar")));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.output, AllOf(HasSubstr("is already complete"), HasSubstr("30  prepared")));
}

TEST_F(PrepareCommand, run_again_need_not_be_told_the_columns_again) {
  base::write_file(folder_ / "labels.csv", "bild;jahre\n01/face_1.jpg;25,5\n");
  EXPECT_EQ(app::run(command(at("p.tar"))).exit_code, 1);
  ASSERT_EQ(app::run(command(at("p.tar")) + " --columns file=bild,age=jahre").exit_code, 0);
  EXPECT_THAT(app::run(command(at("p.tar"))).output, HasSubstr("is already complete"));
  Outcome other = app::run(command(at("p.tar")) + " --columns file=bild,age=1");
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, HasSubstr("columns age=jahre,file=bild, not columns age=1,file=bild"));
}

TEST_F(PrepareCommand, shows_labels_and_pictures_side_by_side_where_hardly_any_fit) {
  base::write_file(folder_ / "labels.csv", "file,age\nx/1.png,25\nx/2.png,26\n");
  EXPECT_THAT(app::run(command(at("p.tar"))).output,
              AllOf(HasSubstr("labels: \"x/1.png\" \"x/2.png\"; pictures: \""), EndsWith("\n")));
}

TEST_F(PrepareCommand, counts_copies_and_ranges_and_so_does_info) {
  base::write_file(folder_ / "labels.csv", "file,age\na/1.jpg,20-29\nb/1.jpg,20-29\nc/2.jpg,31\n");
  prepare::write_tar(folder_ / "p.tar", {{"a/1.jpg", prepare::numbered_jpeg(1)},
                                         {"b/1.jpg", prepare::numbered_jpeg(1)},
                                         {"c/2.jpg", prepare::numbered_jpeg(2)}});
  EXPECT_THAT(app::run(command(at("p.tar"))).output, HasSubstr("1 pictures occur more than once"));
  json info = json::parse(app::run("info --json " + at("faces.db")).output);
  EXPECT_EQ(info["copies"], json({{"pictures", 1}, {"faces", 2}, {"in_several_parts", 0}}));
  EXPECT_EQ(info["age known as a range"], json({{"20–29", 2}}));
  EXPECT_EQ(info["age"], json({{"30–39", 1}}));
}

// Of 20–29 and 70+ no mean error can be told, but whether an estimate is inside.
TEST_F(PrepareCommand, a_store_of_ranges_is_evaluated_by_how_many_estimates_are_inside) {
  std::string csv = "file,age,split\n";
  for (const auto& [name, content] : members(30)) csv += name + ",0-200,val\n";
  base::write_file(folder_ / "labels.csv", csv);
  ASSERT_EQ(app::run(command(at("p.tar")) + " --recipe compact --set face.detect=false").exit_code, 0);
  Outcome outcome = app::run("evaluate --json --data " + at("faces.db"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  json evaluation = json::parse(outcome.output);
  EXPECT_EQ(evaluation["ranges"]["pictures"], 30);
  EXPECT_EQ(evaluation["ranges"]["inside"], 1);
  EXPECT_EQ(evaluation["ranges"]["distance"], 0);
  Outcome trained = app::run("train --data " + at("faces.db") + " " + at("run"));  // one --data, one store
  EXPECT_EQ(trained.exit_code, 1);
  EXPECT_THAT(trained.output, HasSubstr("has no training pictures"));
}

TEST_F(PrepareCommand, prints_json_and_nothing_else) {
  json result = json::parse(app::run(command(at("p.tar")) + " --json").output);
  EXPECT_EQ(result["faces"], 30);
  EXPECT_EQ(result["pictures_not_asked_for"], 1);
  EXPECT_EQ(result["rejects"], (json{{"age above the maximum", 1}, {"no such file", 1}}));
}

TEST_F(PrepareCommand, warns_of_an_ordered_split_of_sorted_labels) {
  std::string csv = "file,age\n";
  for (int age = 1; age <= 100; ++age) csv += std::to_string(age) + ".jpg," + std::to_string(age) + "\n";
  base::write_file(folder_ / "labels.csv", csv);
  EXPECT_THAT(app::run(command(at("p.tar")) + " --set split.rule=ordered").output,
              HasSubstr("agewise: warning: the training part and the rest have very different shares of the classes"));
}

// 31 rows are wanted: of the other tar none, of the small one 2 find their picture.
TEST_F(PrepareCommand, that_prepared_nothing_fails_and_little_is_warned_of_with_the_likeliest_reason) {
  prepare::write_tar(folder_ / "other.tar", {{"elsewhere/x.jpg", prepare::numbered_jpeg(1)}});
  Outcome none = app::run(command(at("other.tar")));
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, AllOf(HasSubstr("agewise: " + at("faces.db") +
                                           ": no face was prepared; 31 of 31 label rows have no picture"),
                                 HasSubstr(at("other.tar") + " may be the wrong folder or archive")));
  std::filesystem::remove(folder_ / "faces.db");
  prepare::write_tar(folder_ / "small.tar", members(2));
  Outcome little = app::run(command(at("small.tar")));
  EXPECT_EQ(little.exit_code, 0);
  EXPECT_THAT(little.output,
              HasSubstr("agewise: warning: " + at("faces.db") + ": only 2 of 31 faces were prepared; 29 of 31"));
}

TEST_F(PrepareCommand, whose_names_are_ambiguous_fails_with_an_example_and_the_remedy) {
  base::write_file(at("bare.csv"), "file,age\nx.jpg,20\n");
  prepare::write_tar(folder_ / "twice.tar",
                     {{"p/x.jpg", prepare::numbered_jpeg(1)}, {"q/x.jpg", prepare::numbered_jpeg(2)}});
  Outcome outcome =
      app::run("prepare " + at("faces.db") + " --labels " + at("bare.csv") + " --pictures " + at("twice.tar"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("most file names are ambiguous (row x.jpg: q/x.jpg and another picture match): "
                                        "give only the right folder of " +
                                        at("twice.tar") + ", or labels that include the folders"));
}

TEST_F(PrepareCommand, limited_to_the_first_of_sorted_labels_names_sample) {
  std::string csv = "file,age\n";
  for (int age = 1; age <= 60; ++age) csv += std::to_string(age) + ".jpg," + std::to_string(age) + "\n";
  base::write_file(folder_ / "labels.csv", csv);
  std::string limited = command(at("p.tar")) + " --limit 30";
  EXPECT_THAT(app::run(limited).output, HasSubstr("the first 30 rows only have ages from 1 to 30; to draw as many rows "
                                                  "at random, give a sample seed (--sample 1)"));
  std::filesystem::remove(folder_ / "faces.db");
  EXPECT_THAT(app::run(limited + " --sample 1").output, Not(HasSubstr("sorted by age")));
}

// All 30 for validation: nothing but their own ages is left for the guess.
TEST_F(PrepareCommand, a_store_without_a_training_part_is_evaluated_by_the_model_that_comes_along) {
  std::string csv = "file,age,split\n";
  for (const auto& [name, content] : members(30)) csv += name + ",30,val\n";
  base::write_file(folder_ / "labels.csv", csv);
  ASSERT_EQ(app::run(command(at("p.tar")) + " --recipe compact --set face.detect=false").exit_code, 0);
  Outcome outcome = app::run("evaluate --json --data " + at("faces.db"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  json evaluation = json::parse(outcome.output);
  EXPECT_EQ(evaluation["part"], "val");
  EXPECT_EQ(evaluation["all"]["pictures"], 30);
  EXPECT_EQ(evaluation["mean_age"], 30);
  EXPECT_EQ(evaluation["baseline_from"], "these pictures");
  EXPECT_EQ(evaluation["classes"].size(), 101);
  EXPECT_EQ(evaluation["beats_mean_age"], nullptr);
  EXPECT_EQ(app::run("evaluate").exit_code, 2);
  EXPECT_THAT(app::run("evaluate --data " + at("faces.db") + " " + at("no.model")).output, HasSubstr("no.model"));
}

// Each with one line that names the file and says what is wrong.
TEST_F(PrepareCommand, bad_inputs_give_one_line_and_the_right_exit_code) {
  base::write_file(folder_ / "text.db", "no store");
  app::run("prepare " + at("new.db") + " --labels " + at("labels.csv") + " --pictures " + at("p.tar"));
  SQLite::Database(at("new.db"), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 7");
  std::string labels = " --labels " + at("labels.csv"), pictures = " --pictures " + at("p.tar");
  struct Case {
    std::string arguments, file, problem;
    int exit_code;
  };
  const Case cases[] = {
      {at("a.db") + " --labels " + at("none.csv") + pictures, "none.csv", "", 1},
      {at("a.db") + labels + " --pictures " + at("none.tar"), "none.tar", "no such file", 1},
      {at("a.db") + labels + " --pictures " + at("labels.csv"), "labels.csv", "tar", 1},
      {at("none/a.db") + labels + pictures, "none/a.db", "", 1},
      {at("text.db") + labels + pictures, "text.db", "is not a store", 1},
      {at("new.db") + labels + pictures, "new.db", "version 7", 1},
      {at("a.db") + labels + pictures + " --set face.sise=3", "face.sise", "size", 2},
      {at("a.db") + labels + pictures + " --sample 3", "--sample", "--limit", 2},
      {at("a.db") + labels + " --pictures - --pictures -", "-", "only once", 2},
  };
  for (const Case& c : cases) {
    Outcome outcome = app::run("prepare " + c.arguments + " --json");
    EXPECT_EQ(outcome.exit_code, c.exit_code) << c.arguments;
    EXPECT_THAT(outcome.output,
                AllOf(StartsWith("agewise: "), HasSubstr(c.file), HasSubstr(c.problem), EndsWith("\n")));
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }
  EXPECT_EQ(base::read_text_file(folder_ / "text.db", 100), "no store");
}

// The first process waits for most of its pictures, which come only when the others have been refused.
TEST_F(PrepareCommand, a_store_that_another_process_fills_is_not_touched) {
  std::string held_back = "(head -c 9000 " + at("p.tar") + "; while [ ! -e " + at("go") +
                          " ]; do sleep 0.05; done; tail -c +9001 " + at("p.tar") + ")";
  std::FILE* first = ::popen((held_back + " | " AGEWISE_PROGRAM " " + command("-") + " >/dev/null").c_str(), "r");
  Outcome info{0, ""};
  for (int i = 0; i < 200 && info.output.find("in use by another process") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    info = std::filesystem::exists(store()) ? app::run("info " + at("faces.db")) : info;
  }
  Outcome second = app::run(command(at("p.tar")) + " --json");
  base::write_file(folder_ / "go", "");
  EXPECT_EQ(::pclose(first), 0);
  EXPECT_THAT(info.output, HasSubstr("faces.db: is in use by another process"));
  EXPECT_EQ(info.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr("faces.db: is in use by another process"));
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_EQ(store::Store(store()).faces().size(), 30U);
}

// Ctrl-C reaches both ends of the pipe: the tar ends at that moment too.
TEST_F(PrepareCommand, interrupted_it_exits_with_130_and_goes_on_when_started_again) {
  std::string half = "(head -c 20000 " + at("p.tar") + "; sleep 1)";
  int status = std::system((half + " | timeout --foreground --preserve-status -s INT 0.5 " AGEWISE_PROGRAM " " +
                            command("-") + " >/dev/null 2>" + at("said"))
                               .c_str());
  EXPECT_EQ(WEXITSTATUS(status), 130);
  EXPECT_THAT(base::read_text_file(folder_ / "said", 1000), HasSubstr("rerun the same command to resume"));
  Outcome again = app::run(command(at("p.tar")));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.output, AllOf(HasSubstr("resumed where the earlier run had stopped"), HasSubstr("30  prepared")));
}

TEST_F(PrepareCommand, info_counts_what_the_pictures_were_like_and_draws_a_sheet) {
  app::run(command(at("p.tar")));
  json info = json::parse(app::run("info " + at("faces.db") + " --json --sheet " + at("sheet.png")).output);
  EXPECT_EQ(info["faces"], 30);
  EXPECT_EQ(info["complete"], true);
  EXPECT_EQ(info["part"], (json{{"test", 9}, {"train", 21}}));
  EXPECT_EQ(info["age"], (json{{"0–9", 9}, {"10–19", 10}, {"20–29", 10}, {"30–39", 1}}));
  EXPECT_EQ(info["class"], (json{{"Young", 29}, {"Middle", 1}, {"Old", 0}, {"Very Old", 0}}));
  EXPECT_EQ(info["width"], (json{{"32–63", 30}}));
  EXPECT_EQ(info["height"], (json{{"16–31", 30}}));
  EXPECT_EQ(info["channels"], (json{{"3", 30}}));
  EXPECT_EQ(info["file kind"], (json{{"JPEG", 30}}));
  EXPECT_TRUE(image::decode(base::read_file(folder_ / "sheet.png", 1 << 24)).image);
  EXPECT_THAT(app::run("info " + at("faces.db")).output, HasSubstr("30 faces of 128×128 pixels, grey, by recipe seed"));
}

}  // namespace
}  // namespace agewise::app
