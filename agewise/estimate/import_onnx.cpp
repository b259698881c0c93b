#include "agewise/estimate/import_onnx.h"

#include <fmt/format.h>

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/estimate/known_weights.h"
#include "agewise/nn/build.h"
#include "agewise/nn/loss.h"
#include "agewise/weights/onnx.h"

namespace agewise::estimate {
namespace {

template <class Kind>
bool is(const nn::Layer& layer) {
  return std::holds_alternative<Kind>(layer.kind);
}

const nn::Layer& last_of(const nn::Graph& graph) { return graph.layers[graph.outputs.front()]; }

// What a model must be, and the messages for what it is not.
void check_shape(const std::filesystem::path& file, const weights::OnnxNetwork& network) {
  const nn::Graph& graph = network.graph;
  if (network.inputs.size() != 1) {
    throw base::file_error(file, fmt::format("has {} inputs ({}), but a model has only one, the face",
                                             network.inputs.size(), fmt::join(network.inputs, ", ")));
  }
  const nn::Shape& in = graph.layers[graph.inputs.front()].shape;
  if ((in.channels != 1 && in.channels != 3) || in.height != in.width) {
    throw base::file_error(
        file, fmt::format("its input is {}×{}×{}, but a model takes square pictures with 1 or 3 channels", in.channels,
                          in.height, in.width));
  }
  if (network.outputs.size() != 1) {
    throw base::UsageError(
        fmt::format("has several outputs; name that of the age by --output: {}", fmt::join(network.outputs, ", ")));
  }
  const nn::Shape& out = last_of(graph).shape;
  if (out.size() != out.channels) throw base::file_error(file, "its output is a map, not one number per class");
}

// Pixels that the network itself shifts and scales, all by the same factor: that becomes network.mean and .scale.
void take_first_scale(weights::OnnxNetwork& network, recipe::NetworkRecipe& recipe) {
  nn::Graph& graph = network.graph;
  if (graph.layers.size() < 3 || !is<nn::layer::Scale>(graph.layers[1]) || nn::readers_of(graph)[0] != 1) return;
  auto channels = static_cast<std::size_t>(graph.layers[1].shape.channels);
  const float *weight = network.parameters.data(), *bias = weight + channels;
  if (!(weight[0] > 0) || !std::all_of(weight, bias, [&](float w) { return w == weight[0]; })) return;
  recipe.mean.resize(channels, 0);
  for (std::size_t c = 0; c < channels; ++c) recipe.mean[c] -= double{bias[c]} / (weight[0] * recipe.scale);
  recipe.scale *= weight[0];
  network.parameters.erase(network.parameters.begin(),
                           network.parameters.begin() + static_cast<std::ptrdiff_t>(2 * channels));
  graph.layers.erase(graph.layers.begin() + 1);
  auto move = [](int& index) { index -= index > 0 ? 1 : 0; };
  for (nn::Layer& layer : graph.layers) std::for_each(layer.inputs.begin(), layer.inputs.end(), move);
  std::for_each(graph.outputs.begin(), graph.outputs.end(), move);
}

// The output is the last layer: all others are there for it. Estimates make their own softmax; years become the unit
// of a regression.
void settle_output(weights::OnnxNetwork& network) {
  nn::Graph& graph = network.graph;
  if (is<nn::layer::Softmax>(last_of(graph))) {
    graph.outputs.front() = graph.layers.back().inputs[0];
    graph.layers.pop_back();
  }
  if (last_of(graph).shape.channels > 1) return;
  graph.layers.push_back({"hundreds_of_years", nn::layer::Scale{}, {graph.outputs.front()}, {1, 1, 1}});
  graph.outputs.front() = static_cast<int>(graph.layers.size()) - 1;
  network.parameters.push_back(static_cast<float>(1 / nn::kRegressionUnit));
  network.parameters.push_back(0);
}

recipe::Recipe recipe_of(const std::filesystem::path& file, const nn::Graph& graph, int classes) {
  const nn::Shape& in = graph.layers[graph.inputs.front()].shape;
  int outputs = last_of(graph).shape.channels;
  bool regression = outputs == 1;
  if (classes > 0 && !regression && classes != outputs)
    throw base::UsageError(fmt::format("--classes {}: the network has {} outputs", classes, outputs));
  recipe::Recipe recipe;
  recipe.name = file.stem().string();
  recipe.description = "Imported from " + file.filename().string();
  recipe.face.size = in.height;
  recipe.face.colour = in.channels == 1 ? recipe::Colour::grey : recipe::Colour::rgb;
  constexpr int kYearsOfARegression = 101;
  recipe.classes.years = classes > 0 ? classes : regression ? kYearsOfARegression : outputs;
  if (regression) recipe.train.loss = recipe::Loss::regression;
  return recipe;
}

}  // namespace

Imported import_onnx(const std::filesystem::path& file, const ImportOptions& options) {
  weights::OnnxOptions how{{}, options.size, options.fold_scales};
  if (!options.output.empty()) how.outputs = {options.output};
  weights::OnnxNetwork network = weights::read_onnx(file, how);
  check_shape(file, network);
  Imported imported;
  recipe::NetworkRecipe pixels;
  std::vector<double> class_values;
  const KnownWeights* known = recognise(network);
  if (known != nullptr) {
    imported.recognised = known->name;
    rename_layers(*known, network.graph);
    class_values = known->class_values;
  } else if (options.mean.empty() && !options.scale && !options.bgr) {
    imported.notices.emplace_back(
        "the file does not say how the network expects its pixels; assumed: RGB from 0 to 255, unless the network "
        "itself scales them. Use --mean, --scale and --bgr to change this");
  }
  set_pixels(known, options, pixels);
  take_first_scale(network, pixels);
  settle_output(network);
  Model& model = imported.model;
  model.recipe = recipe_of(file, network.graph, options.classes);
  model.recipe.network = pixels;
  model.recipe.network.layers = nn::graph_to_config(network.graph, last_of(network.graph).shape.channels);
  model.classes = recipe::classes_of(model.recipe.classes);
  std::copy(class_values.begin(), class_values.end(), model.classes.values.begin());
  model.graph = graph_of(model.recipe, model.classes);
  model.parameters = std::move(network.parameters);
  if (!network.producer.empty()) model.notes["written by"] = network.producer;
  return imported;
}

}  // namespace agewise::estimate
