// Recipes as text.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "agewise/recipe/keys.h"

namespace agewise::recipe {
namespace {

// By our own rule, because keys of kept files are made of it (determines.h): 'as it is', or "with \"escapes\"" where
// there is an apostrophe or a control character.
std::string toml_string(const std::string& text) {
  auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  if (text.find('\'') == std::string::npos && std::none_of(text.begin(), text.end(), is_control))
    return "'" + text + "'";
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted +=
        is_control(static_cast<unsigned char>(c)) ? fmt::format("\\u{:04X}", static_cast<int>(c)) : std::string(1, c);
  }
  return quoted + '"';
}

template <class T>
std::string number_text(T number) {
  return fmt::format("{}", number);  // "inf" and "1e-05" are TOML as they are
}

struct Writer {
  Recipe& recipe;  // only read; the keys' accessors want it like this

  std::string operator()(const Number<double>& number) const { return number_text(number.in(recipe)); }
  std::string operator()(const Number<int>& number) const { return number_text(number.in(recipe)); }
  std::string operator()(const Number<std::uint64_t>& number) const { return number_text(number.in(recipe)); }
  std::string operator()(bool& (*in)(Recipe&)) const { return in(recipe) ? "true" : "false"; }
  std::string operator()(std::string& (*in)(Recipe&)) const { return toml_string(in(recipe)); }
  std::string operator()(std::vector<double>& (*in)(Recipe&)) const {
    return fmt::format("[{}]", fmt::join(in(recipe), ", "));
  }
  std::string operator()(std::vector<std::string>& (*in)(Recipe&)) const {
    std::vector<std::string> texts;
    for (const std::string& text : in(recipe)) texts.push_back(toml_string(text));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  }
  std::string operator()(const EnumNames& key) const { return toml_string(key.names[key.get(recipe)]); }
};

std::string to_text(const LayerValue& value) {
  struct Text {
    std::string operator()(std::int64_t number) const { return number_text(number); }
    std::string operator()(double number) const {
      std::string text = number_text(number);
      return text.find_first_of(".einf") == std::string::npos ? text + ".0" : text;  // else it would be read as whole
    }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::string& text) const { return toml_string(text); }
    std::string operator()(const std::vector<std::int64_t>& list) const {
      return fmt::format("[{}]", fmt::join(list, ", "));
    }
  };
  return std::visit(Text{}, value);
}

// Quoted where TOML wants it.
std::string key_text(const std::string& key) {
  auto bare = [](unsigned char c) { return (std::isalnum(c) != 0 && c < 0x80) || c == '_' || c == '-'; };
  return !key.empty() && std::all_of(key.begin(), key.end(), bare) ? key : toml_string(key);
}

}  // namespace

std::string value_text(const Key& key, Recipe& recipe) { return std::visit(Writer{recipe}, key.place); }

std::string to_text(const LayerRecipe& layer) {
  std::string text = "\n[[network.layers]]\nkind = " + toml_string(layer.kind) + "\n";
  if (!layer.name.empty()) text += "name = " + toml_string(layer.name) + "\n";
  if (!layer.from.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : layer.from) names.push_back(toml_string(name));
    text += fmt::format("from = [{}]\n", fmt::join(names, ", "));
  }
  for (const auto& [key, value] : layer.options) text += key_text(key) + " = " + to_text(value) + "\n";
  return text;
}

std::string to_toml(const Recipe& recipe) {
  Recipe copy = recipe;
  std::string text, table;
  for (const Key& key : recipe_keys()) {
    if (key.table != table) {
      if (table == "network") {
        for (const LayerRecipe& layer : recipe.network.layers) text += to_text(layer);
      }
      text += "\n[" + key.table + "]\n";
      table = key.table;
    }
    text += key.name + " = " + value_text(key, copy) + "\n";
  }
  return text;
}

}  // namespace agewise::recipe
