#include "app/options.h"

#include <CLI/CLI.hpp>

namespace agewise::app {

void add_recipe_options(CLI::App& command, RecipeOptions& options) {
  std::string start = options.recipe.empty() ? "" : "; " + options.recipe + " by default";
  command.add_option("--recipe", options.recipe, "A built-in recipe or a .toml file" + start);
  command.add_option("--set", options.assignments, "Change one key of the recipe, table.key=value; may be repeated")
      ->type_name("KEY=VALUE");
}

recipe::Recipe load(const RecipeOptions& options) {
  recipe::Recipe recipe = recipe::load_recipe(options.recipe);
  apply_assignments(options, recipe);
  return recipe;
}

void apply_assignments(const RecipeOptions& options, recipe::Recipe& recipe) {
  recipe::set_options(recipe, options.assignments);
}

void add_detect_options(CLI::App& command, DetectOptions& options) {
  command.add_flag("--detect", options.detect, "Look for faces, though the model was trained on ready crops");
  command.add_option("--detector", options.detector,
                     "Look for faces, with this detector: \"hog\", or a file with YuNet's weights (.onnx)");
}

void apply_detection(const DetectOptions& options, recipe::FaceRecipe& recipe) {
  if (!options.detector.empty()) recipe.detector = options.detector;
  if (!options.detect && options.detector.empty()) return;
  recipe.detect = true;
  recipe.crop = false;
}

}  // namespace agewise::app
