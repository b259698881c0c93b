// The program as a user meets it: what it prints and its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

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

TEST(Program, lists_and_prints_the_built_in_recipes) {
  EXPECT_THAT(run("recipe").output, HasSubstr("seed-as-published"));
  EXPECT_THAT(run("recipe seed").output, StartsWith("name = \"seed\"\n"));
  Outcome unknown = run("recipe sed");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, StartsWith("agewise: no recipe is called sed: there are "));
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
  EXPECT_THAT(outcome.output, HasSubstr("import it first, as in agewise import " + network));
}

TEST(Program, fails_when_its_output_cannot_be_written) {
  Outcome outcome = run("recipe seed >/dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
}

}  // namespace
}  // namespace agewise::app
