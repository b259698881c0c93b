// Options that several commands have.
#pragma once
#include <string>
#include <vector>

#include "agewise/catalog/catalog.h"
#include "agewise/estimate/settings.h"
#include "agewise/library/model.h"
#include "agewise/recipe/recipe.h"

namespace CLI {
class App;
}

namespace agewise::app {

// What names a model, for the help of commands.
inline constexpr const char* kModelHelp =
    "Model file, run (its best checkpoint), or a bundled model: compact or permissive";
inline constexpr const char* kModelOrDefaultHelp =
    "Model file, run (its best checkpoint), or a bundled model: compact (the default) or permissive";

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
void add_detect_options(CLI::App& command, library::Detection& options);

// --set predict.KEY=VALUE: how a trained model makes an age of what its network gives.
void add_settings_option(CLI::App& command, std::vector<std::string>& assignments);
// estimate::change_settings(), with its warning on stderr.
estimate::SettingsChange change_settings(estimate::Model& model, const std::vector<std::string>& assignments,
                                         estimate::SettingsUse use);

// library::open_model() with these settings, and its warnings on stderr.
library::OpenedModel opened_model(const std::string& model, const library::Detection& detection,
                                  const std::vector<std::string>& settings);

}  // namespace agewise::app
