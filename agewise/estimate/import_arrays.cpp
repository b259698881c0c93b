#include "agewise/estimate/import_arrays.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "agewise/base/error.h"
#include "agewise/base/nearest.h"
#include "agewise/estimate/known_weights.h"
#include "agewise/nn/build.h"

namespace agewise::estimate {
namespace {

using Arrays = std::map<std::string, const weights::NamedArray*>;

// The lengths from the first that is not 1.
std::vector<std::int64_t> trimmed(const std::vector<std::int64_t>& shape) {
  auto first = std::find_if(shape.begin(), shape.end(), [](std::int64_t length) { return length != 1; });
  return {first, shape.end()};
}

Arrays by_name(const std::filesystem::path& file, const weights::WeightFile& weights, const KnownWeights* known) {
  Arrays arrays;
  for (const weights::NamedArray& array : weights.arrays) {
    if (!arrays.insert({our_name(array.name, known), &array}).second)
      throw base::file_error(file, fmt::format("array {}: appears twice", weights::name_text(array.name)));
  }
  return arrays;
}

const weights::NamedArray& find(const std::filesystem::path& file, const Arrays& arrays, const std::string& name) {
  auto found = arrays.find(name);
  if (found != arrays.end()) return *found->second;
  std::string problem = fmt::format("has no array {}, which the architecture needs", weights::name_text(name));
  if (arrays.empty()) throw base::file_error(file, problem);
  std::vector<std::string> names;
  for (const auto& [known, array] : arrays) names.push_back(known);
  throw base::file_error(file,
                         problem + "; the nearest name is " + weights::name_text(base::nearest_name(name, names)));
}

// What the layer that says outputs = "classes" has in the file.
int classes_in(const std::filesystem::path& file, const recipe::Recipe& recipe, const Arrays& arrays) {
  for (const recipe::LayerRecipe& layer : recipe.network.layers) {
    auto outputs = layer.options.find("outputs");
    if (outputs == layer.options.end() || outputs->second != recipe::LayerValue("classes")) continue;
    const weights::NamedArray& weight = find(file, arrays, our_name(layer.name + ".weight", nullptr));
    if (weight.shape.size() < 2) break;
    std::int64_t classes = weight.shape[weight.shape.size() - 2];
    if (classes < 1 || classes > 1000)
      throw base::file_error(file, fmt::format("array {}: has {} classes, but must have 1 to 1000",
                                               weights::name_text(weight.name), classes));
    return static_cast<int>(classes);
  }
  return 0;
}

void copy(const std::filesystem::path& file, const weights::NamedArray& array, const nn::ParameterInfo& info,
          float* to) {
  if (trimmed(array.shape) != trimmed(info.shape)) {
    throw base::file_error(file,
                           fmt::format("array {}: must have the shape {}, but has {}", weights::name_text(array.name),
                                       weights::shape_text(info.shape), weights::shape_text(array.shape)));
  }
  if (!std::all_of(array.values.begin(), array.values.end(), [](float value) { return std::isfinite(value); }))
    throw base::file_error(file,
                           fmt::format("array {}: holds a value that is not finite", weights::name_text(array.name)));
  std::copy(array.values.begin(), array.values.end(), to);
}

// A scale of its own for each channel of the input becomes part of the first convolution. Padding stays zero.
void scale_first_layer(const KnownWeights& known, Model& model) {
  if (known.channel_scales.empty()) return;
  nn::ParameterInfo first = nn::parameters_of(model.graph).front();
  if (first.shape.size() != 4 || first.shape[1] != static_cast<std::int64_t>(known.channel_scales.size())) return;
  std::size_t pixels = static_cast<std::size_t>(first.shape[2] * first.shape[3]),
              channels = known.channel_scales.size();
  for (std::size_t i = 0; i < static_cast<std::size_t>(first.size()); ++i)
    model.parameters[i] *= static_cast<float>(known.channel_scales[i / pixels % channels]);
}

// The architecture's recipe with what is known of the weights and what the user says.
recipe::Recipe recipe_of(const std::filesystem::path& file, const Arrays& arrays, const KnownWeights* known,
                         const ImportOptions& options) {
  recipe::Recipe recipe = *options.architecture;
  set_pixels(known, options, recipe.network);
  if (options.size > 0) recipe.face.size = options.size;
  int classes = options.classes > 0 ? options.classes : classes_in(file, recipe, arrays);
  bool other = classes > 0 && recipe.train.loss != recipe::Loss::regression &&
               classes != recipe::classes_of(recipe.classes).count();
  if (other) recipe.classes = {{}, {}, classes};
  return recipe;
}

// Layers of the recipe that have weights: those that have a name there. Others are called by kind and number, which no
// file does.
std::vector<std::string> names_in(const recipe::Recipe& recipe) {
  std::vector<std::string> names;
  for (const recipe::LayerRecipe& layer : recipe.network.layers) {
    bool weights = layer.kind == "convolution" || layer.kind == "fully-connected" || layer.kind == "batch-norm" ||
                   layer.kind == "layer-norm" || layer.kind == "scale" || layer.kind == "prelu";
    if (weights && !layer.name.empty()) names.push_back(layer.name + ".weight");
  }
  return names;
}

// What comes before each of the architecture's names in the file; none if nothing fits all of them.
std::optional<std::string> common_prefix(const weights::WeightFile& weights, const recipe::Recipe& architecture) {
  std::vector<std::string> names = names_in(architecture);
  std::set<std::string> there;
  for (const weights::NamedArray& array : weights.arrays) there.insert(array.name);
  auto fits = [&](const std::string& prefix) {
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return there.contains(prefix + name); });
  };
  if (names.empty() || fits("")) return "";
  for (const std::string& array : there) {
    if (!array.ends_with("." + names.front())) continue;
    std::string prefix = array.substr(0, array.size() - names.front().size());
    if (fits(prefix)) return prefix;
  }
  return {};
}

// What wrappers put before every name, whatever the network: for weights that are known by their names.
std::string wrappers_of(const weights::WeightFile& weights) {
  std::string all;
  for (bool found = true; found;) {
    found = false;
    for (const char* wrapper : {"module.", "model.", "_orig_mod."}) {
      std::string longer = all + wrapper;
      found = !weights.arrays.empty() &&
              std::all_of(weights.arrays.begin(), weights.arrays.end(),
                          [&](const weights::NamedArray& array) { return array.name.starts_with(longer); });
      if (!found) continue;
      all = longer;
      break;
    }
  }
  return all;
}

void take_off(const std::string& prefix, weights::WeightFile& weights) {
  for (weights::NamedArray& array : weights.arrays) {
    if (array.name.starts_with(prefix)) array.name.erase(0, prefix.size());
  }
}

}  // namespace

Imported import_arrays(const std::filesystem::path& file, weights::WeightFile weights, const ImportOptions& options) {
  if (!options.architecture)
    throw base::UsageError("holds weights but no network: name the recipe with their network by --architecture");
  std::optional<std::string> prefix = common_prefix(weights, *options.architecture);
  take_off(prefix ? *prefix : wrappers_of(weights), weights);
  const KnownWeights* known = recognise(weights);
  Arrays arrays = by_name(file, weights, known);
  Imported imported;
  Model& model = imported.model;
  model.recipe = recipe_of(file, arrays, known, options);
  model.classes = recipe::classes_of(model.recipe.classes);
  model.graph = graph_of(model.recipe, model.classes);
  std::vector<nn::ParameterInfo> infos = nn::parameters_of(model.graph);
  model.parameters.resize(static_cast<std::size_t>(nn::parameter_count(infos)));
  float* place = model.parameters.data();
  for (const nn::ParameterInfo& info : infos) {
    std::string name = our_name(info.name, nullptr);
    copy(file, find(file, arrays, name), info, place);
    arrays.erase(name);
    place += info.size();
  }
  if (known != nullptr) {
    imported.recognised = known->name;
    scale_first_layer(*known, model);
  } else if (options.mean.empty() && !options.scale && !options.bgr) {
    imported.notices.emplace_back(
        "the file does not say how the network expects its pixels; assumed: as in the recipe of the architecture. Use "
        "--mean, --scale and --bgr to change this");
  }
  std::vector<std::string> left;
  for (const auto& [name, array] : arrays) left.push_back(weights::name_text(name));
  if (!left.empty())
    imported.notices.push_back(fmt::format("ignored, not part of the architecture: {}", fmt::join(left, ", ")));
  return imported;
}

}  // namespace agewise::estimate
