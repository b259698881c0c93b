// The layers of a [network] table: spelled out, or those of a network that is named.
#include <algorithm>
#include <map>

#include "agewise/base/files.h"
#include "agewise/base/nearest.h"
#include "agewise/recipe/source.h"

namespace agewise::recipe {

std::map<std::string, std::string> network_texts();  // made at build from recipes/networks/*.toml

namespace {

// A short text may name a long network many times.
constexpr std::size_t kMostLayers = 10'000;

using Layers = std::vector<LayerRecipe>;

LayerValue layer_value(const toml::node& node, const Source& source, const std::string& key) {
  if (auto whole = node.value_exact<std::int64_t>()) return *whole;
  if (auto real = node.value_exact<double>()) return *real;
  if (auto flag = node.value_exact<bool>()) return *flag;
  if (auto text = node.value_exact<std::string>()) return *text;
  if (node.is_array()) return list_of<std::int64_t>(node, source, key, "whole numbers");
  source.reject(node, key + " must be a number, a string, true or false, or a list of whole numbers");
}

std::string text_of(const toml::node& node, const Source& source, const std::string& key) {
  auto text = node.value_exact<std::string>();
  if (!text) source.reject(node, key + " must be a string");
  return *text;
}

LayerRecipe read_layer(const toml::table& table, const Source& source) {
  LayerRecipe layer;
  for (const auto& [key, node] : table) {
    std::string name(key.str());
    if (name == "kind" || name == "name") {
      (name == "kind" ? layer.kind : layer.name) = text_of(node, source, name + " of a layer");
    } else if (name == "from") {
      layer.from = node.is_string() ? std::vector{*node.value<std::string>()}
                                    : list_of<std::string>(node, source, "from", "layer names");
    } else {
      name = renamed(kRenamedLayerKeys, name, source);
      if (!layer.options.emplace(name, layer_value(node, source, name)).second)
        source.reject(node, name + " is given twice, once with its old name");
    }
  }
  if (layer.kind.empty()) source.reject(table, "a layer has no kind");
  return layer;
}

const std::map<std::string, std::string>& known_networks() {
  static const std::map<std::string, std::string> texts = network_texts();
  return texts;
}

// All layers of a network that comes along, or of a .toml file beside the recipe.
Layers layers_of(const toml::node& base, const Source& source) {
  std::string name = text_of(base, source, "network.base");
  auto found = known_networks().find(name);
  if (found != known_networks().end()) return parse(found->second, {"network " + name}).network.layers;
  std::vector<std::string> known;
  for (const auto& [network, text] : known_networks()) known.push_back(network);
  if (!name.ends_with(".toml"))
    source.reject(
        base, fmt::format("network.base: unknown network {}; give one of {}, or a .toml file with [[network.layers]]",
                          name, fmt::join(known, ", ")));
  if (source.folder == nullptr)
    source.reject(base, "network.base may name a file only in a recipe that is itself read from a file");
  std::filesystem::path file = *source.folder / name;
  Layers layers = parse(base::read_text_file(file, kLargestRecipe), {.origin = file.string(), .notice = source.notice})
                      .network.layers;
  if (layers.empty()) source.reject(base, "network.base: " + file.string() + " has no [[network.layers]]");
  return layers;
}

// An entry {base = …, before = …}: the layers of that network before the one called so, without `before` all.
Layers read_part(const toml::table& entry, const Source& source) {
  for (const auto& [key, node] : entry) {
    if (key != "base" && key != "before")
      source.reject(node, fmt::format("an entry with base stands for the layers of that network; apart from base, it "
                                      "may only have the key before, not {}",
                                      key.str()));
  }
  Layers layers = layers_of(*entry.get("base"), source);
  const toml::node* before = entry.get("before");
  if (before == nullptr) return layers;
  std::string name = text_of(*before, source, "before");
  auto end = std::ranges::find(layers, name, &LayerRecipe::name);
  if (name.empty() || end == layers.end()) {
    std::vector<std::string> known;
    for (const LayerRecipe& layer : layers) {
      if (!layer.name.empty()) known.push_back(layer.name);
    }
    source.reject(*before,
                  fmt::format("before: {} has no layer called \"{}\"; did you mean \"{}\"?",
                              *entry.get("base")->value<std::string>(), name, base::nearest_name(name, known)));
  }
  layers.erase(end, layers.end());
  return layers;
}

Layers read_layers(const toml::node& node, const Source& source) {
  const toml::array* entries = node.as_array();
  if (entries == nullptr) source.reject(node, "network.layers must be [[network.layers]] tables");
  Layers layers;
  for (const toml::node& entry : *entries) {
    const toml::table* table = entry.as_table();
    if (table == nullptr) source.reject(entry, "network.layers must be [[network.layers]] tables");
    if (!table->contains("base")) {
      layers.push_back(read_layer(*table, source));
      continue;
    }
    for (LayerRecipe& layer : read_part(*table, source)) layers.push_back(std::move(layer));
    if (layers.size() > kMostLayers)
      source.reject(entry, fmt::format("network.layers has more than {} layers", kMostLayers));
  }
  return layers;
}

}  // namespace

std::vector<LayerRecipe> read_network(const toml::table& network, const Source& source) {
  const toml::node *base = network.get("base"), *layers = network.get("layers");
  if (base != nullptr && layers != nullptr)
    source.reject(*base,
                  "give network.base or network.layers, not both; to use the layers of vgg16 before its fc8, for "
                  "example, write {base = \"vgg16\", before = \"fc8\"} as one of network.layers");
  if (base != nullptr) return layers_of(*base, source);
  return layers == nullptr ? Layers{} : read_layers(*layers, source);
}

}  // namespace agewise::recipe
