// Every key of a recipe but the layers, once: what parsing, printing, --set and "did you mean" all walk over.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "agewise/recipe/recipe.h"

namespace agewise::recipe {

// A member that is an enum: index in `names` ⇄ enum value.
struct EnumNames {
  void (*set)(Recipe&, int);
  int (*get)(const Recipe&);
  std::vector<std::string> names;
};

// Where a key's value lives, and between which numbers (inclusive) it may lie.
template <class T>
struct Number {
  T& (*in)(Recipe&);
  double least, most;
};

using Place =
    std::variant<Number<double>, Number<int>, Number<std::uint64_t>, bool& (*)(Recipe&), std::string& (*)(Recipe&),
                 std::vector<double>& (*)(Recipe&), std::vector<std::string>& (*)(Recipe&), EnumNames>;

struct Key {
  std::string table, name;  // table "" for the keys at the top
  Place place;
};

// "train.epochs".
std::string full_name(const Key& key);

// In the order in which they are printed.
const std::vector<Key>& recipe_keys();

// The key's value, or a layer's table, as TOML. `recipe` is only read; the accessors want it like this.
std::string value_text(const Key& key, Recipe& recipe);
std::string to_text(const LayerRecipe& layer);

}  // namespace agewise::recipe
