// Options that several commands have.
#pragma once
#include <string>
#include <vector>

#include "agewise/catalog/catalog.h"
#include "agewise/estimate/model.h"
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

// --columns, --gender and --names: what label files do not say themselves.
struct LabelArguments {
  std::string columns, gender, names;
};

void add_label_options(CLI::App& command, LabelArguments& arguments);
catalog::LabelOptions label_options(const LabelArguments& arguments);

// --detect, --detector and --crops: how a model finds the faces in pictures, other than its recipe says.
struct DetectOptions {
  bool detect = false, crops = false;
  std::string detector;
};

void add_detect_options(CLI::App& command, DetectOptions& options);
// Also a model of ready crops can be made to look for faces, and one that looks for them to take pictures for crops:
// the recipe states the margin. A model of faces that were cut by the labels' boxes looks for them in any case. Warns
// where the faces will not be cut as the model's own were, and no entry of the table in face/spec.cpp covers it; what
// the model says of its errors, its intervals, then goes.
void apply_detection(const DetectOptions& options, estimate::Model& model);

}  // namespace agewise::app
