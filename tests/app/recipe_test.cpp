// agewise recipe: short to edit, whole to see what comes of it.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "agewise/base/files.h"
#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(RecipeCommand, prints_a_built_in_recipe_with_its_network_by_name_and_expands_it_on_request) {
  EXPECT_THAT(run("recipe dex").output,
              AllOf(HasSubstr("{base = \"vgg16\", before = \"fc8\"}"), Not(HasSubstr("conv1_1"))));
  EXPECT_THAT(run("recipe dex --expand").output, AllOf(HasSubstr("name = 'conv1_1'"), Not(HasSubstr("base = "))));
}

TEST(RecipeCommand, prints_what_can_be_saved_beside_nothing_and_is_the_same_recipe) {
  std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / ("recipe" + std::to_string(::getpid()) + ".toml");
  base::write_file(file, run("recipe seed3").output);
  EXPECT_EQ(run("recipe " + file.string()).output, run("recipe seed3 --expand").output);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace agewise::app
