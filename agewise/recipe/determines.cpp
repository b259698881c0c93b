#include "agewise/recipe/determines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "agewise/recipe/keys.h"
#include "agewise/recipe/renamed.h"

namespace agewise::recipe {
namespace {

bool of_store(const Key& key, const Recipe& recipe) {
  if (key.table == "screen") return true;
  if (key.table == "split") return key.name != "seed" || recipe.split.rule == SplitRule::random;
  if (key.table != "face") return false;
  if (key.name == "detector" || key.name == "rotations" || key.name == "no_face") return recipe.face.detect;
  if (key.name == "margin") return recipe.face.crop || recipe.face.detect;
  return true;
}

bool of_training(const Key& key) {
  if (key.table == "train") return key.name != "epochs" && key.name != "patience";
  return key.table == "classes" || key.table == "whiten" || key.table == "augment" || key.table == "network" ||
         key.table == "predict";
}

bool of_pixels(const Key& key) { return key.table == "network" || (key.table == "whiten" && key.name == "method"); }

bool is_seed_of_training(const Key& key) { return key.table == "train" && key.name == "seed"; }

bool determines(const Key& key, Outcome outcome, const Recipe& recipe) {
  switch (outcome) {
    case Outcome::store:
      return of_store(key, recipe);
    case Outcome::balanced_store:
      return of_store(key, recipe) || key.table == "classes" || (key.table == "split" && key.name == "seed");
    case Outcome::training:
      return of_training(key);
    case Outcome::pixels:
      return of_pixels(key);
    case Outcome::whitening:
      return of_pixels(key) || key.table == "whiten" || is_seed_of_training(key);
    case Outcome::features:
      return of_pixels(key) || key.table == "augment" || is_seed_of_training(key) ||
             (key.table == "train" && key.name == "features");
    case Outcome::soft_targets:
      return key.table == "classes";
  }
  return true;
}

bool counts_layers(Outcome outcome) { return outcome == Outcome::training || outcome == Outcome::features; }

std::string first_name(std::span<const Renamed> renamed, std::string name) {
  auto one = std::ranges::find(renamed, name, &Renamed::name);
  return one == renamed.end() ? std::move(name) : std::string(one->old_name);
}

LayerRecipe with_first_names(LayerRecipe layer) {
  std::map<std::string, LayerValue> options;
  for (auto& [name, value] : layer.options) options[first_name(kRenamedLayerKeys, name)] = std::move(value);
  layer.options = std::move(options);
  return layer;
}

std::string difference_of_layers(const std::vector<LayerRecipe>& found, const std::vector<LayerRecipe>& wanted) {
  for (std::size_t i = 0; i < found.size() && i < wanted.size(); ++i) {
    if (to_text(found[i]) == to_text(wanted[i])) continue;
    return fmt::format("a different layer {} of network.layers", i + 1);
  }
  if (found.size() == wanted.size()) return "";
  return fmt::format("{} network.layers, not {}", found.size(), wanted.size());
}

}  // namespace

std::string first_difference(Outcome outcome, const Recipe& found, const Recipe& wanted) {
  Recipe a = found, b = wanted;
  for (const Key& key : recipe_keys()) {
    if (!determines(key, outcome, a) && !determines(key, outcome, b)) continue;
    std::string there = value_text(key, a), here = value_text(key, b);
    if (there != here) return fmt::format("{} = {}, not {}", full_name(key), there, here);
  }
  return counts_layers(outcome) ? difference_of_layers(a.network.layers, b.network.layers) : "";
}

std::string determinants(Outcome outcome, const Recipe& recipe) {
  Recipe copy = recipe, defaults;
  std::string text;
  for (const Key& key : recipe_keys()) {
    if (!determines(key, outcome, recipe)) continue;
    std::string value = value_text(key, copy);
    if (value != value_text(key, defaults)) text += first_name(kRenamedKeys, full_name(key)) + " = " + value + "\n";
  }
  if (!counts_layers(outcome)) return text;
  for (const LayerRecipe& layer : recipe.network.layers) text += to_text(with_first_names(layer));
  return text;
}

}  // namespace agewise::recipe
