// Any text is a recipe or a UsageError; and what was read is written so that it reads back as the same text.
#include <cstdlib>

#include "agewise/base/error.h"
#include "agewise/recipe/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  agewise::recipe::Recipe recipe;
  try {
    recipe = agewise::recipe::parse_recipe(text, "fuzz");
  } catch (const agewise::base::UsageError&) {
  }
  try {
    agewise::recipe::set_option(recipe, text);
  } catch (const agewise::base::UsageError&) {
  }
  std::string written = agewise::recipe::to_toml(recipe);
  if (agewise::recipe::to_toml(agewise::recipe::parse_recipe(written, "written")) != written) std::abort();
  return 0;
}
