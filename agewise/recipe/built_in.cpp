#include "agewise/recipe/recipe.h"

namespace agewise::recipe {

std::map<std::string, std::string> recipe_texts();  // made at build from recipes/*.toml

const std::map<std::string, std::string>& built_in_recipes() {
  static const std::map<std::string, std::string> recipes = recipe_texts();
  return recipes;
}

}  // namespace agewise::recipe
