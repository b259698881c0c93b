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

TEST(Program, fails_when_its_output_cannot_be_written) {
  Outcome outcome = run("recipe seed >/dev/full");
  EXPECT_EQ(outcome.exit_code, 1);
}

}  // namespace
}  // namespace agewise::app
