// Options that several commands have.
#pragma once
#include <string>
#include <vector>

#include "agewise/recipe/recipe.h"

namespace CLI {
class App;
}

namespace agewise::app {

struct RecipeOptions {
  std::string recipe;                    // a built-in name or a file
  std::vector<std::string> assignments;  // of --set
};

// --recipe R and --set table.key=value. An empty recipe means that the command has one of its own to start from.
void add_recipe_options(CLI::App& command, RecipeOptions& options);
recipe::Recipe load(const RecipeOptions& options);
void apply_assignments(const RecipeOptions& options, recipe::Recipe& recipe);

// --detect and --detector: how a model looks for faces in photographs, other than its recipe says.
struct DetectOptions {
  bool detect = false;
  std::string detector;
};

void add_detect_options(CLI::App& command, DetectOptions& options);
// Also a model of ready crops can be made to look for faces: its recipe states the margin.
void apply_detection(const DetectOptions& options, recipe::FaceRecipe& recipe);

}  // namespace agewise::app
