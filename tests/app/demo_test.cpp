// agewise demo, as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agewise/base/files.h"
#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path empty_folder() {
  fs::path folder = fs::path(testing::TempDir()) / "agewise_demo_test";
  fs::remove_all(folder);
  return folder;
}

TEST(Demo, wants_labels_with_pictures) {
  EXPECT_EQ(run("demo " + empty_folder().string() + " --labels ages.csv").exit_code, 2);
  EXPECT_EQ(run("demo " + empty_folder().string() + " --pictures faces.tar").exit_code, 2);
  EXPECT_FALSE(fs::exists(empty_folder()));
}

// What is in the folder is the user's: the three names of the real collection and of its store.
TEST(Demo, leaves_a_folder_that_is_no_demos_as_it_is) {
  fs::path folder = empty_folder();
  fs::create_directories(folder);
  for (const char* name : {"wiki.mat", "wiki_crop.tar", "faces.db"}) base::write_file(folder / name, "mine");
  Outcome outcome = run("demo " + folder.string() + " --people 100");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr(folder.string() + ": contains wiki.mat, which is not from an earlier demo"));
  for (const char* name : {"wiki.mat", "wiki_crop.tar", "faces.db"})
    EXPECT_EQ(base::read_text_file(folder / name, 100), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 3);
  fs::remove_all(folder);
}

// A folder of the name of a file that SQLite needs stands in prepare's way.
TEST(Demo, goes_no_further_than_a_command_that_fails) {
  fs::path folder = empty_folder();
  fs::create_directories(folder);
  base::write_file(folder / "agewise-demo.txt", "This folder was made by `agewise demo`.\n");
  fs::create_directories(folder / "faces.db-journal" / "mine");  // where SQLite keeps a file
  Outcome outcome = run("demo " + folder.string() + " --people 100");
  EXPECT_EQ(outcome.exit_code, 1) << outcome.output;
  EXPECT_TRUE(fs::exists(folder / "faces.db-journal" / "mine"));
  EXPECT_THAT(outcome.output, testing::Not(HasSubstr("$ agewise train")));
  fs::remove_all(folder);
}

TEST(SlowDemo, prints_and_runs_every_command_up_to_the_report_and_can_be_run_again) {
  fs::path folder = empty_folder();
  for (int time = 0; time < 2; ++time) {
    Outcome outcome = run("demo " + folder.string() + " --people 100 --epochs 1");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    for (const char* command : {"$ agewise prepare ", "$ agewise train ", "$ agewise evaluate "})
      EXPECT_THAT(outcome.output, HasSubstr(command));
    EXPECT_THAT(outcome.output, HasSubstr("Some files are damaged, and some rows have an impossible date"));
    EXPECT_THAT(outcome.output, HasSubstr((folder / "run/report.html").string() + "\n"));
    EXPECT_TRUE(fs::exists(folder / "run/report.html"));
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace agewise::app
