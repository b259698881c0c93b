// The program as a user meets it: what it prints and its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agewise/base/files.h"
#include "tests/app/run_program.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Program, tells_its_version_and_help_with_exit_code_0) {
  EXPECT_THAT(run("--version").output, StartsWith("agewise "));
  EXPECT_EQ(run("--version").exit_code, 0);
  EXPECT_THAT(run("--help").output, HasSubstr("--threads"));
  EXPECT_EQ(run("--help").exit_code, 0);
}

TEST(Program, exits_with_2_when_used_wrongly) {
  EXPECT_EQ(run("").exit_code, 2);
  EXPECT_EQ(run("no-such-command").exit_code, 2);
  EXPECT_EQ(run("--threads 0 recipe").exit_code, 2);
  EXPECT_EQ(run("--isa sse2 recipe").exit_code, 2);
}

TEST(Program, names_a_command_that_does_not_exist_and_the_one_that_is_nearest) {
  EXPECT_EQ(run("pretict x.jpg").output,
            "agewise: pretict: no such command; did you mean predict?\nSee `agewise --help`.\n");
  EXPECT_EQ(run("").output, run("--help").output);
}

TEST(Program, says_of_a_wrong_option_which_help_to_read) {
  EXPECT_EQ(run("info").output, "agewise: PATH is required\nSee `agewise info --help`.\n");
  EXPECT_THAT(run("predict --jsn x.jpg").output, EndsWith("--jsn\nSee `agewise predict --help`.\n"));
}

TEST(Program, says_where_the_bundled_model_belongs_when_it_is_not_there) {
  fs::path folder = fs::path(testing::TempDir()) / "no_bundled_model";
  fs::create_directories(folder);
  fs::copy_file(AGEWISE_PROGRAM, folder / "agewise", fs::copy_options::overwrite_existing);
  Outcome outcome = run_command((folder / "agewise").string() + " predict x.jpg");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr((folder / "models/compact.safetensors").string()));
}

TEST(Program, takes_a_bundled_model_by_its_name_unless_a_file_has_that_name) {
  Outcome named = run("info permissive --json");
  EXPECT_EQ(named.exit_code, 0);
  EXPECT_THAT(named.output, HasSubstr("CC BY 4.0"));
  fs::path folder = fs::path(testing::TempDir()) / "a_file_of_that_name";
  fs::create_directories(folder);
  base::write_file(folder / "permissive", "not a model");
  Outcome taken = run_command("cd " + folder.string() + " && " AGEWISE_PROGRAM " predict --model permissive x.jpg");
  EXPECT_EQ(taken.exit_code, 1);
  EXPECT_THAT(taken.output, StartsWith("agewise: permissive: "));
}

TEST(Program, lists_and_prints_the_built_in_recipes) {
  EXPECT_THAT(run("recipe").output, HasSubstr("seed-as-published"));
  EXPECT_THAT(run("recipe seed").output, StartsWith("name = \"seed\"\n"));
  Outcome unknown = run("recipe sed");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, StartsWith("agewise: unknown recipe sed; give one of "));
  EXPECT_THAT(run("recipe mine/model.safetensors").output,
              StartsWith("agewise: mine/model.safetensors: does not exist"));
}

TEST(Program, prints_the_recipe_of_a_model) {
  Outcome printed = run("recipe " AGEWISE_SOURCE_DIR "/models/compact.safetensors");
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_THAT(printed.output, AllOf(HasSubstr("[[network.layers]]"), HasSubstr("size = 128\n")));
}

TEST(Program, says_of_another_programs_network_that_it_is_imported_first) {
  const std::string network = AGEWISE_SOURCE_DIR "/tests/weights/golden/conv.onnx";
  Outcome outcome = run("predict --model " + network + " " + network);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("import them first, as in agewise import " + network));
}

TEST(Program, trains_on_a_store_whose_name_is_not_utf8_and_evaluates_there) {
  train::tiny::Folder folder;
  std::string store = (folder / "caf\xE9.db").string(), trained = (folder / "run").string();
  train::tiny::make_store(store, {.train = 30, .val = 10, .test = 10});
  Outcome training = run("train " + trained + " --data " + store);
  EXPECT_EQ(training.exit_code, 0) << training.output;
  EXPECT_THAT(base::read_text_file(folder / "run/run.json", 1 << 16), HasSubstr("caf\\\\xE9.db"));
  Outcome evaluating = run("evaluate " + trained + " --data " + store);
  EXPECT_EQ(evaluating.exit_code, 0) << evaluating.output;
}

TEST(Program, fails_when_its_output_cannot_be_written) {
  Outcome outcome = run("recipe seed >/dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
}

}  // namespace
}  // namespace agewise::app
