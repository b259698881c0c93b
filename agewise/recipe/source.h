// What reading a recipe's tables has in common: where a value stands, for errors, and values of exactly one type.
#pragma once
#include <fmt/format.h>

#include <toml++/toml.h>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/recipe/recipe.h"
#include "agewise/recipe/renamed.h"

namespace agewise::recipe {

constexpr std::uint64_t kLargestRecipe = 1 << 20;  // bytes

// What an error says first: "my.toml, line 7".
struct Source {
  std::string origin;
  bool lines = true;                              // false: a --set, which has but one
  const std::filesystem::path* folder = nullptr;  // of the files that `base` may name; null: none is read
  Notice notice = {};

  [[noreturn]] void reject(const toml::node& node, const std::string& problem) const;
  // That a key has an old name.
  void tell_of(const Renamed& one) const;
};

// The name that it has now, `name` itself where it is none of the old ones.
std::string renamed(std::span<const Renamed> all, std::string_view name, const Source& source);

// Exactly of that type, but for whole numbers where any number may be. -0 becomes 0, which it would be read back as.
template <class T>
std::optional<T> value_of(const toml::node& node) {
  if constexpr (std::is_same_v<T, double>) {
    return node.is_number() ? std::optional(*node.value<double>() + 0.0) : std::nullopt;
  } else {
    return node.value_exact<T>();
  }
}

template <class T>
std::vector<T> list_of(const toml::node& node, const Source& source, const std::string& name, const char* what) {
  std::vector<T> values;
  const toml::array* array = node.as_array();
  if (array == nullptr) source.reject(node, fmt::format("{} must be a list of {}", name, what));
  for (const toml::node& item : *array) {
    std::optional<T> value = value_of<T>(item);
    if (!value) source.reject(item, fmt::format("{} must be a list of {}", name, what));
    values.push_back(*value);
  }
  return values;
}

// The recipe that the text is (recipe.cpp).
Recipe parse(const std::string& toml, const Source& source);

// Reads `base` and `layers` of a [network] table: all layers, those of the networks that are named among them
// (network.cpp). None where the table has neither.
std::vector<LayerRecipe> read_network(const toml::table& network, const Source& source);

}  // namespace agewise::recipe
