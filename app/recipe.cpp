// agewise recipe [NAME | MODEL]: the built-in recipes, one of them or a model's as TOML to start one's own from.
#include <CLI/CLI.hpp>

#include "agewise/base/error.h"
#include "agewise/estimate/model.h"
#include "agewise/recipe/recipe.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

void list_recipes() {
  std::vector<std::vector<std::string>> rows{{"recipe", "what it is"}};
  for (const auto& [name, text] : recipe::built_in_recipes())
    rows.push_back({name, recipe::load_recipe(name).description});
  print(table(rows));
}

}  // namespace

void add_recipe(CLI::App& program, const Context&) {
  CLI::App* command =
      program.add_subcommand("recipe", "List the built-in recipes, or print one of them or that of a model");
  auto name = std::make_shared<std::string>();
  auto expand = std::make_shared<bool>(false);
  command->add_flag("--expand", *expand, "Print every key and every layer of a built-in recipe, as models keep them");
  command->add_option("NAME", *name, "Recipe to print: a built-in one, a .toml file, or that of a model file or run");
  command->callback([name, expand] {
    if (name->empty()) return list_recipes();
    bool file = !recipe::built_in_recipes().contains(*name) && std::filesystem::exists(*name);
    if (file && name->ends_with(".toml")) return print(recipe::to_toml(recipe::load_recipe(*name, warn)));
    if (file) return print(recipe::to_toml(estimate::read_model(train::model_file_of(*name)).recipe));
    if (!file && name->find_first_of("./") != std::string::npos) throw base::file_error(*name, "does not exist");
    recipe::Recipe built_in = recipe::load_recipe(*name);  // an unknown name is told with the known ones
    print(*expand ? recipe::to_toml(built_in) : recipe::built_in_recipes().at(*name));
  });
}

}  // namespace agewise::app
