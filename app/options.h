// Options that several commands have.
#pragma once
#include <string>
#include <vector>

#include "agewise/recipe/recipe.h"

namespace CLI {
class App;
}

namespace agewise {

struct RecipeOptions {
  std::string recipe;                    // a built-in name or a file
  std::vector<std::string> assignments;  // of --set
};

// --recipe R and --set table.key=value. An empty recipe means that the command has one of its own to start from.
void add_recipe_options(CLI::App& command, RecipeOptions& options);
Recipe load(const RecipeOptions& options);
void apply_assignments(const RecipeOptions& options, Recipe& recipe);

}  // namespace agewise
