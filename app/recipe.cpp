// agewise recipe [NAME]: the built-in recipes, or one of them as TOML to start one's own from.
#include <CLI/CLI.hpp>

#include "agewise/recipe/recipe.h"
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
  CLI::App* command = program.add_subcommand("recipe", "List the built-in recipes, or print one");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "The recipe to print");
  command->callback([name] {
    if (name->empty()) return list_recipes();
    recipe::load_recipe(*name);  // an unknown name is told with the known ones
    print(recipe::built_in_recipes().at(*name));
  });
}

}  // namespace agewise::app
