#include "app/options.h"

#include <CLI/CLI.hpp>

#include "agewise/catalog/label_options.h"
#include "app/terminal.h"

namespace agewise::app {

void add_recipe_options(CLI::App& command, RecipeOptions& options) {
  std::string start = options.recipe.empty() ? "" : "; default: " + options.recipe;
  command.add_option("--recipe", options.recipe, "Name of a built-in recipe, or a .toml file" + start);
  command.add_option("--set", options.assignments, "Set one key of the recipe, as in train.epochs=30; may be repeated")
      ->type_name("KEY=VALUE");
}

recipe::Recipe load(const RecipeOptions& options) {
  recipe::Recipe recipe = recipe::load_recipe(options.recipe, warn);
  apply_assignments(options, recipe);
  return recipe;
}

void apply_assignments(const RecipeOptions& options, recipe::Recipe& recipe) {
  recipe::set_options(recipe, options.assignments, warn);
}

void add_label_options(CLI::App& command, LabelArguments& arguments) {
  command
      .add_option("--columns", arguments.columns,
                  "For tables: which column holds what, by name (file=photo,age=years) or number (file=1,age=2)")
      ->type_name("OURS=THEIRS,…");
  command
      .add_option("--gender", arguments.gender, "For tables with genders as digits: what 1 means, 1=male or 1=female")
      ->type_name("1=WORD");
  command
      .add_option("--names", arguments.names,
                  "For ages in file names: the form of the names (docs/labels.md), if it is not recognised")
      ->type_name("FORM");
}

catalog::LabelOptions label_options(const LabelArguments& arguments) {
  return catalog::parse_label_options(arguments.columns, arguments.gender, arguments.names);
}

void add_detect_options(CLI::App& command, library::Detection& options) {
  CLI::Option* detect =
      command.add_flag("--detect", options.detect, "Look for faces even if the model was trained on face crops");
  CLI::Option* detector = command.add_option(
      "--detector", options.detector,
      "Look for faces with this detector: \"yunet\" (the default, also for models trained with \"hog\"), \"hog\", or a "
      "file with YuNet's weights (.onnx)");
  command
      .add_flag("--crops", options.crops, "Do not look for faces: each picture is a face crop with the model's margin")
      ->excludes(detect, detector);
}

void add_settings_option(CLI::App& command, std::vector<std::string>& assignments) {
  command
      .add_option(
          "--set", assignments,
          "Change how the model computes an age, a key of its recipe's [predict], as in predict.flip=false; may "
          "be repeated")
      ->type_name("predict.KEY=VALUE")
      ->allow_extra_args(false)
      ->default_str("");
}

estimate::SettingsChange change_settings(estimate::Model& model, const std::vector<std::string>& assignments,
                                         estimate::SettingsUse use) {
  estimate::SettingsChange change = estimate::change_settings(model, assignments, use, warn);
  if (!change.warning.empty()) warn(change.warning);
  return change;
}

library::OpenedModel opened_model(const std::string& model, const library::Detection& detection,
                                  const std::vector<std::string>& settings) {
  library::OpenedModel opened = library::open_model(model, detection);
  if (!opened.warning.empty()) warn(opened.warning);
  app::change_settings(opened.model, settings, estimate::SettingsUse::estimates);
  return opened;
}

}  // namespace agewise::app
