// What a command writes: over a file of its own as often as one likes, over the user's only with --force.
#include <gmock/gmock.h>
#include <unistd.h>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Outputs : public testing::Test {
 protected:
  Outputs() {
    estimate::write_model(folder_ / "m.safetensors", estimate::small_model());
    train::tiny::make_store(folder_ / "faces.db", {.train = 10, .val = 60}, estimate::small_model().recipe);
    base::write_file(folder_ / "labels.csv", "file,age\na.jpg,30\nb.jpg,40\n");
    run("export " + at("m.safetensors") + " -o " + at("m.onnx"));
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string content(const std::string& name) const { return base::read_text_file(folder_ / name, 1 << 24); }

  void expect_refused(const std::string& command, const std::string& name, const std::string& problem) const {
    std::string before = content(name);
    Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_THAT(outcome.output, HasSubstr(at(name) + ": " + problem)) << command;
    EXPECT_EQ(content(name), before) << command;
  }

  // `command` writes `name`, whose kind is that of this file which another program wrote.
  void expect_careful(const std::string& command, const std::string& name, std::string_view of_another_program) const {
    for (std::string_view mine : {std::string_view("my own text"), of_another_program}) {
      base::write_file(folder_ / name, mine);
      expect_refused(command, name, "exists, and agewise did not write it");
    }
    Outcome forced = run(command + " --force");
    EXPECT_EQ(forced.exit_code, 0) << command << forced.output;
    EXPECT_NE(content(name), of_another_program) << command;
    Outcome again = run(command);
    EXPECT_EQ(again.exit_code, 0) << command << again.output;
    base::write_file(folder_ / name, "");  // as mktemp makes one
    EXPECT_EQ(run(command).exit_code, 0) << command;
  }

  train::tiny::Folder folder_;
};

TEST_F(Outputs, weights_of_another_program_are_not_replaced_unasked) {
  weights::write_safetensors(folder_ / "foreign.safetensors", {{"format", "pt"}}, {});
  std::string foreign = content("foreign.safetensors");
  expect_careful("export " + at("m.safetensors") + " -o " + at("out.safetensors"), "out.safetensors", foreign);
  expect_careful("import " + at("m.onnx") + " -o " + at("imported.safetensors"), "imported.safetensors", foreign);
  expect_careful("calibrate " + at("m.safetensors") + " --data " + at("faces.db") + " -o " + at("cal.safetensors"),
                 "cal.safetensors", foreign);
  // ir_version 7, producer_name "pytorch".
  expect_careful("export " + at("m.safetensors") + " -o " + at("out.onnx"), "out.onnx", "\x08\x07\x12\x07pytorch");
}

TEST_F(Outputs, lists_sheets_and_reports_of_another_program_are_not_replaced_unasked) {
  expect_careful("info " + at("labels.csv") + " --list " + at("list.csv"), "list.csv", "file,age,gender\na.jpg,3,\n");
  std::vector<std::byte> png = image::encode_png(image::make_image(8, 8, 3));
  expect_careful("info " + at("faces.db") + " --sheet " + at("sheet.png"), "sheet.png",
                 {reinterpret_cast<const char*>(png.data()), png.size()});
  expect_careful("evaluate " + at("m.safetensors") + " --data " + at("faces.db") + " --report " + at("r.html"),
                 "r.html", "<!doctype html><title>my report</title>");
}

// Not even with --force, and by whatever name.
TEST_F(Outputs, never_replace_what_the_command_reads) {
  std::filesystem::create_hard_link(folder_ / "m.safetensors", folder_ / "same.safetensors");
  std::string problem = "is an input of this command";
  for (const char* force : {"", " --force"}) {
    expect_refused("export " + at("m.safetensors") + " -o " + at("same.safetensors") + force, "same.safetensors",
                   problem);
    expect_refused("import " + at("m.onnx") + " -o " + at("m.onnx") + force, "m.onnx", problem);
    expect_refused("info " + at("labels.csv") + " --list " + at("labels.csv") + force, "labels.csv", problem);
    expect_refused("info " + at("faces.db") + " --sheet " + at("faces.db") + force, "faces.db", problem);
    expect_refused(
        "evaluate " + at("m.safetensors") + " --data " + at("faces.db") + " --report " + at("faces.db") + force,
        "faces.db", problem);
  }
}

TEST_F(Outputs, of_one_kind_do_not_replace_agewises_own_of_another) {
  expect_refused("info " + at("labels.csv") + " --list " + at("m.safetensors"), "m.safetensors", "exists, and");
}

TEST_F(Outputs, do_not_replace_a_runs_checkpoints_unasked) {
  std::filesystem::create_directory(folder_ / "run");
  base::write_file(folder_ / "run/recipe.toml", "name = \"tiny\"\n");
  estimate::write_model(folder_ / "run/best.safetensors", estimate::small_model());
  std::string command = "calibrate " + at("m.safetensors") + " --data " + at("faces.db") + " -o ";
  expect_refused(command + at("run/best.safetensors"), "run/best.safetensors", "belongs to a run");
  EXPECT_EQ(run(command + at("run/calibrated.safetensors")).exit_code, 0);
  EXPECT_EQ(run(command + at("run/calibrated.safetensors")).exit_code, 0);
}

TEST_F(Outputs, into_a_stream_are_written_without_force_and_leave_it_there) {
  std::string list = "info " + at("labels.csv") + " --list ", row = "a.jpg,30,,,,labels,";
  EXPECT_EQ(run(list + "/dev/null").exit_code, 0);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_THAT(run(list + "/dev/stdout").output, HasSubstr(row));
  EXPECT_EQ(run(list + "/dev/stdout > " + at("all")).exit_code, 0);
  EXPECT_THAT(content("all"), AllOf(HasSubstr("labels.csv: CSV, 2 rows"), HasSubstr(row)));
}

TEST_F(Outputs, a_folder_is_never_replaced) {
  std::filesystem::create_directory(folder_ / "out.onnx");
  Outcome outcome = run("export " + at("m.safetensors") + " --force -o " + at("out.onnx"));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("is a folder"));
}

}  // namespace
}  // namespace agewise::app
