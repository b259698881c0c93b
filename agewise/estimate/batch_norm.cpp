// Scales back into batch normalisation.
#include <algorithm>
#include <cmath>
#include <map>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/estimate/import.h"
#include "agewise/nn/build.h"

namespace agewise::estimate {
namespace {

constexpr int kBatch = 32;
constexpr nn::layer::BatchNorm kNorm{1e-5, 0.9};

// Scales that alone read a convolution: convolution → scale.
std::map<int, int> scaled_convolutions(const nn::Graph& graph) {
  std::vector<int> readers = nn::readers_of(graph);
  std::map<int, int> pairs;
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    if (!std::holds_alternative<nn::layer::Scale>(graph.layers[i].kind)) continue;
    int from = graph.layers[i].inputs[0];
    if (std::holds_alternative<nn::layer::Convolution>(graph.layers[from].kind) && readers[from] == 1) pairs[from] = i;
  }
  return pairs;
}

// Of one layer's channels over the faces seen so far.
struct Moments {
  std::vector<double> sum, square;
  double count = 0;

  void add(std::span<const float> values, const nn::Shape& shape) {
    sum.resize(shape.channels);
    square.resize(shape.channels);
    std::size_t pixels = static_cast<std::size_t>(shape.height) * shape.width;
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::size_t c = i / pixels % shape.channels;
      sum[c] += values[i];
      square[c] += double{values[i]} * values[i];
    }
    count += static_cast<double>(values.size()) / shape.channels;
  }
  double mean(std::size_t c) const { return sum[c] / count; }
  double variance(std::size_t c) const {
    return std::max(0.0, square[c] / count - mean(c) * mean(c)) * count / std::max(1.0, count - 1);
  }
};

// Of each convolution's output, bias included.
std::vector<Moments> moments_of(const Model& model, const std::map<int, int>& pairs, nn::Engine& engine,
                                std::span<const image::Image> faces) {
  nn::Graph graph = model.graph;
  graph.outputs.clear();
  for (const auto& [convolution, scale] : pairs) graph.outputs.push_back(convolution);
  std::unique_ptr<nn::Executable> network = engine.compile(graph, kBatch, nn::Mode::infer);
  network->set_parameters(model.parameters);
  std::size_t size = network->input().size() / kBatch;
  std::vector<Moments> moments(pairs.size());
  for (std::size_t begin = 0; begin < faces.size(); begin += kBatch) {
    std::size_t rows = std::min<std::size_t>(kBatch, faces.size() - begin);
    for (std::size_t row = 0; row < rows; ++row)
      to_network_input(model.recipe, faces[begin + row], network->input().subspan(row * size, size));
    network->forward();
    for (std::size_t i = 0; i < moments.size(); ++i) {
      const nn::Shape& shape = graph.layers[graph.outputs[i]].shape;
      std::size_t numbers = rows * static_cast<std::size_t>(shape.size());
      moments[i].add(network->output(static_cast<int>(i)).first(numbers), shape);
    }
  }
  return moments;
}

using Arrays = std::map<std::string, std::vector<float>>;

Arrays arrays_of(const Model& model) {
  Arrays arrays;
  auto place = model.parameters.begin();
  for (const nn::ParameterInfo& info : nn::parameters_of(model.graph)) {
    arrays[info.name] = {place, place + info.size()};
    place += info.size();
  }
  return arrays;
}

// Of y = scale · (x + bias) + offset, x having these moments with the bias: γ, β and running statistics of x.
void normalise(Arrays& arrays, const std::string& convolution, const std::string& scale, const Moments& moments) {
  std::vector<float>&gamma = arrays[scale + ".weight"], &beta = arrays[scale + ".bias"];
  std::vector<float>&mean = arrays[scale + ".running_mean"], &variance = arrays[scale + ".running_var"];
  std::vector<float> bias = arrays[convolution + ".bias"];
  bias.resize(gamma.size(), 0);  // of a convolution without
  arrays.erase(convolution + ".bias");
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    double factor = gamma[c];
    mean.push_back(static_cast<float>(moments.mean(c) - bias[c]));
    variance.push_back(static_cast<float>(moments.variance(c)));
    beta[c] = static_cast<float>(beta[c] + factor * moments.mean(c));
    gamma[c] = static_cast<float>(factor * std::sqrt(double{variance[c]} + kNorm.epsilon));
  }
}

}  // namespace

Model with_batch_norm(const Model& model, nn::Engine& engine, std::span<const image::Image> faces) {
  std::map<int, int> pairs = scaled_convolutions(model.graph);
  if (pairs.empty())
    throw base::Error("no convolution of the network is followed by a scale of its channels: leave out --statistics");
  if (faces.empty()) throw base::Error("there are no faces to take statistics from");
  std::vector<Moments> moments = moments_of(model, pairs, engine, faces);
  Arrays arrays = arrays_of(model);
  Model normalised = model;
  auto of = moments.begin();
  for (const auto& [convolution, scale] : pairs) {
    nn::Layer &from = normalised.graph.layers[convolution], &to = normalised.graph.layers[scale];
    std::get<nn::layer::Convolution>(from.kind).bias = false;
    to.kind = kNorm;
    normalise(arrays, from.name, to.name, *of++);
  }
  normalised.recipe.network.layers = nn::graph_to_config(normalised.graph, normalised.classes.count());
  normalised.graph = graph_of(normalised.recipe, normalised.classes);
  normalised.parameters.clear();
  for (const nn::ParameterInfo& info : nn::parameters_of(normalised.graph)) {
    const std::vector<float>& array = arrays.at(info.name);
    normalised.parameters.insert(normalised.parameters.end(), array.begin(), array.end());
  }
  return normalised;
}

}  // namespace agewise::estimate
