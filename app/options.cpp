#include "app/options.h"

#include <CLI/CLI.hpp>

namespace agewise {

void add_recipe_options(CLI::App& command, RecipeOptions& options) {
  std::string start = options.recipe.empty() ? "" : "; " + options.recipe + " by default";
  command.add_option("--recipe", options.recipe, "A built-in recipe or a .toml file" + start);
  command.add_option("--set", options.assignments, "Change one key of the recipe, table.key=value; may be repeated")
      ->type_name("KEY=VALUE");
}

Recipe load(const RecipeOptions& options) {
  Recipe recipe = load_recipe(options.recipe);
  apply_assignments(options, recipe);
  return recipe;
}

void apply_assignments(const RecipeOptions& options, Recipe& recipe) { set_options(recipe, options.assignments); }

}  // namespace agewise
