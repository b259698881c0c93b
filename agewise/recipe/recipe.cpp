#include "agewise/recipe/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/nearest.h"
#include "agewise/recipe/keys.h"
#include "agewise/recipe/source.h"

namespace agewise::recipe {

void Source::reject(const toml::node& node, const std::string& problem) const {
  if (!lines) throw base::UsageError(origin + ": " + problem);
  throw base::UsageError(fmt::format("{}, line {}: {}", origin, node.source().begin.line, problem));
}

void Source::tell_of(const Renamed& one) const {
  if (notice) notice(fmt::format("{}: {} is now called {}", origin, one.old_name, one.name));
}

std::string renamed(std::span<const Renamed> all, std::string_view name, const Source& source) {
  auto one = std::ranges::find(all, name, &Renamed::old_name);
  if (one == all.end()) return std::string(name);
  source.tell_of(*one);
  return std::string(one->name);
}

namespace {

std::string unknown(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  return fmt::format("unknown {} {}; did you mean {}?", what, name, base::nearest_name(name, known));
}

void check_range(double value, double least, double most, const toml::node& node, const Source& source,
                 const std::string& name) {
  if (value >= least && value <= most) return;
  source.reject(node, fmt::format("{} is {}; it must be from {} to {}", name, value, least, most));
}

struct Reader {
  Recipe& recipe;
  const toml::node& node;
  const Source& source;
  const std::string& name;

  template <class T>
  void whole(const Number<T>& number) const {
    std::optional<std::int64_t> value = value_of<std::int64_t>(node);
    if (!value) source.reject(node, name + " must be a whole number");
    check_range(static_cast<double>(*value), number.least, number.most, node, source, name);
    number.in(recipe) = static_cast<T>(*value);
  }
  void operator()(const Number<int>& number) const { whole(number); }
  void operator()(const Number<std::uint64_t>& number) const { whole(number); }
  void operator()(const Number<double>& number) const {
    std::optional<double> value = value_of<double>(node);
    if (!value) source.reject(node, name + " must be a number");
    check_range(*value, number.least, number.most, node, source, name);
    number.in(recipe) = *value;
  }
  void operator()(bool& (*in)(Recipe&)) const {
    std::optional<bool> value = value_of<bool>(node);
    if (!value) source.reject(node, name + " must be true or false");
    in(recipe) = *value;
  }
  void operator()(std::string& (*in)(Recipe&)) const {
    std::optional<std::string> value = value_of<std::string>(node);
    if (!value) source.reject(node, name + " must be a string");
    in(recipe) = *value;
  }
  void operator()(std::vector<double>& (*in)(Recipe&)) const {
    in(recipe) = list_of<double>(node, source, name, "numbers");
  }
  void operator()(std::vector<std::string>& (*in)(Recipe&)) const {
    in(recipe) = list_of<std::string>(node, source, name, "texts");
  }
  void operator()(const EnumNames& key) const {
    std::optional<std::string> value = value_of<std::string>(node);
    auto found = std::find(key.names.begin(), key.names.end(), value.value_or(""));
    if (found == key.names.end())
      source.reject(node, fmt::format("{} must be one of {}", name, fmt::join(key.names, ", ")));
    key.set(recipe, static_cast<int>(found - key.names.begin()));
  }
};

const Key& find_key(const std::string& table, std::string_view name, const toml::node& node, const Source& source) {
  std::vector<std::string> known;
  for (const Key& key : recipe_keys()) {
    if (key.table == table && key.name == name) return key;
    if (!key.name.empty()) known.push_back(full_name(key));
  }
  std::string given = table.empty() ? std::string(name) : table + "." + std::string(name);
  source.reject(node, unknown("key", given, known));
}

void read_table(Recipe& recipe, const std::string& table, const toml::table& values, const Source& source) {
  for (const auto& [key, node] : values) {
    if (table == "network" && (key == "base" || key == "layers")) continue;
    const Key& known = find_key(table, key.str(), node, source);
    std::string name = full_name(known);
    std::visit(Reader{recipe, node, source, name}, known.place);
  }
  if (table == "network") recipe.network.layers = read_network(values, source);
}

bool is_table(const std::string& name) {
  return std::any_of(recipe_keys().begin(), recipe_keys().end(), [&](const Key& key) { return key.table == name; });
}

void check_sizes(const Recipe& recipe, const std::string& origin) {
  auto reject = [&](const std::string& problem) { throw base::UsageError(origin + ": " + problem); };
  if (recipe.network.size > recipe.face.size)
    reject("network.size must not be above face.size, the size of stored faces");
  if (recipe.network.center_crop > recipe.face.size)
    reject("network.center_crop must not be above face.size, the size of stored faces");
  if (recipe.network.center_crop > 0 && input_side(recipe) == recipe.face.size)
    reject("network.center_crop needs a network.size below face.size");
  if (recipe.augment.crop && center_crop_side(recipe) == recipe.face.size)
    reject("augment.crop needs a network.size, or network.center_crop, below face.size");
  if (recipe.whiten.method == Whitening::none) return;
  if (augments(recipe.augment))
    reject(
        "whitened pictures cannot be augmented, because they are computed once, before training: leave out [augment] "
        "or whiten.method");
  if (recipe.predict.flip) reject("predict.flip cannot be used with whitened pictures");
}

// What no single key can see.
void check(const Recipe& recipe, const std::string& origin) {
  auto reject = [&](const std::string& problem) { throw base::UsageError(origin + ": " + problem); };
  check_sizes(recipe, origin);
  if (recipe.screen.min_age > recipe.screen.max_age) reject("screen.min_age is above screen.max_age");
  if (recipe.face.crop && recipe.face.detect) reject("give face.crop or face.detect, not both");
  if (recipe.train.distillation_weight > 0 && recipe.train.loss != Loss::label_distribution)
    reject("train.distillation_weight needs train.loss = \"label-distribution\": no other loss learns from a teacher");
  if (recipe.train.patience > 0 && recipe.train.monitor == Monitor::last)
    reject("train.patience must be 0 with train.monitor = \"last\", which takes the last epoch and compares none");
  if (!std::ranges::all_of(recipe.train.age_weights, [](double weight) { return weight >= 0 && weight <= 1; }))
    reject("train.age_weights must be numbers from 0 to 1");
  if (!std::ranges::all_of(recipe.train.data_weights,
                           [](double weight) { return weight > 0 && std::isfinite(weight); }))
    reject("train.data_weights must be numbers above 0");
  if (recipe.classes.years > 0 && !recipe.classes.edges.empty())
    reject("give classes.edges or classes.years, not both");
  try {
    if (recipe.classes.years > 0 || !recipe.classes.edges.empty()) (void)classes_of(recipe.classes);
  } catch (const std::invalid_argument& error) {
    reject(std::string("[classes] ") + error.what());
  }
}

std::pair<std::string_view, std::string_view> table_and_key(std::string_view full_name) {
  std::size_t dot = full_name.find('.');
  return {full_name.substr(0, dot), full_name.substr(dot + 1)};
}

// One "table.key=value".
void assign(Recipe& recipe, const std::string& assignment, const Notice& notice) {
  Source source{"--set " + assignment, false, nullptr, notice};
  std::size_t equals = assignment.find('='), dot = assignment.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
    throw base::UsageError(source.origin + ": must be table.key=value");
  }
  std::string given_name = renamed(kRenamedKeys, std::string_view(assignment).substr(0, equals), source);
  auto [table, name] = table_and_key(given_name);
  std::string text = assignment.substr(equals + 1);
  toml::table values;
  try {
    values = toml::parse("value = " + text);
  } catch (const toml::parse_error&) {
    values.insert("value", text);  // bare text
  }
  if (values.size() != 1) throw base::UsageError(source.origin + ": must be table.key=value");
  const toml::node& node = *values.get("value");
  const Key& key = find_key(std::string(table), name, node, source);
  std::string full = full_name(key);
  std::visit(Reader{recipe, node, source, full}, key.place);
}

// Moves what has an old name to the new one.
void rename_keys(toml::table& document, const Source& source) {
  for (const Renamed& one : kRenamedKeys) {
    auto [old_table, old_key] = table_and_key(one.old_name);
    auto [table, key] = table_and_key(one.name);
    toml::table* from = document[old_table].as_table();
    if (from == nullptr || !from->contains(old_key)) continue;
    toml::node& value = *from->get(old_key);
    toml::table* to = document.insert(table, toml::table{}).first->second.as_table();
    if (to == nullptr) continue;  // read_table() tells of it
    if (to->contains(key))
      source.reject(value, fmt::format("{} is the old name of {}; give only the new name", one.old_name, one.name));
    source.tell_of(one);
    value.visit([&, key = key](auto& node) { to->insert(key, std::move(node)); });
    from->erase(old_key);
  }
}

}  // namespace

Recipe parse(const std::string& toml, const Source& source) {
  const std::string& origin = source.origin;
  Recipe recipe;
  toml::table document;
  try {
    document = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    throw base::UsageError(fmt::format("{}, line {}: {}", origin, error.source().begin.line, error.description()));
  }
  rename_keys(document, source);
  toml::table top;
  for (const auto& [key, node] : document) {
    std::string name(key.str());
    if (const toml::table* table = node.as_table(); table != nullptr && is_table(name)) {
      read_table(recipe, name, *table, source);
    } else if (node.is_table()) {
      source.reject(node, unknown("table", "[" + name + "]",
                                  {"[screen]", "[face]", "[classes]", "[split]", "[whiten]", "[augment]", "[network]",
                                   "[train]", "[predict]"}));
    } else {
      top.insert(key, node);
    }
  }
  read_table(recipe, "", top, source);
  check(recipe, origin);
  return recipe;
}

Recipe parse_recipe(const std::string& toml, const std::string& origin) { return parse(toml, {origin}); }

Recipe load_recipe(const std::string& name_or_file, const Notice& notice) {
  auto built_in = built_in_recipes().find(name_or_file);
  if (built_in != built_in_recipes().end()) return parse_recipe(built_in->second, "built-in recipe " + name_or_file);
  bool is_path = name_or_file.find('/') != std::string::npos || name_or_file.ends_with(".toml");
  if (is_path) {
    std::filesystem::path folder = std::filesystem::path(name_or_file).parent_path();
    return parse(base::read_text_file(name_or_file, kLargestRecipe), {name_or_file, true, &folder, notice});
  }
  std::vector<std::string> known;
  for (const auto& [name, text] : built_in_recipes()) known.push_back(name);
  throw base::UsageError(fmt::format("unknown recipe {}; give one of {}, or the path of a .toml file", name_or_file,
                                     fmt::join(known, ", ")));
}

void set_options(Recipe& recipe, const std::vector<std::string>& assignments, const Notice& notice) {
  Recipe changed = recipe;
  for (const std::string& assignment : assignments) assign(changed, assignment, notice);
  if (!assignments.empty()) check(changed, fmt::format("--set {}", fmt::join(assignments, " --set ")));
  recipe = std::move(changed);
}

void set_option(Recipe& recipe, const std::string& assignment) { set_options(recipe, {assignment}); }

bool augments(const AugmentRecipe& r) {
  return r.crop || r.mirror || r.rotate > 0 || r.shift > 0 || r.scale > 0 || r.brightness > 0 || r.contrast > 0 ||
         r.saturation > 0 || r.hue > 0 || r.tint > 0 || r.grey > 0 || r.blur > 0 || r.scan > 0 || r.noise > 0 ||
         r.jpeg > 0 || r.erase > 0;
}

age::Classes classes_of(const ClassesRecipe& recipe) {
  if (recipe.years > 0) return age::yearly_classes(recipe.years);
  return age::classes_between(recipe.edges, recipe.names);
}

}  // namespace agewise::recipe
