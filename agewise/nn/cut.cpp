#include "agewise/nn/cut.h"

#include <fmt/format.h>

#include "agewise/base/error.h"
#include "agewise/base/nearest.h"

namespace agewise::nn {

int layer_called(const Graph& graph, const std::string& name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    if (graph.layers[i].name == name) return static_cast<int>(i);
    names.push_back(graph.layers[i].name);
  }
  throw base::UsageError(fmt::format("no layer is called {}; did you mean {}?", name, base::nearest_name(name, names)));
}

Graph up_to(const Graph& graph, int layer) {
  return {{graph.layers.begin(), graph.layers.begin() + layer + 1}, graph.inputs, {layer}};
}

Graph after(const Graph& graph, int layer) {
  const Layer& first = graph.layers[static_cast<std::size_t>(layer)];
  Graph rest{{{first.name, layer::Input{first.shape}, {}, first.shape}}, {0}, {}};
  for (std::size_t i = static_cast<std::size_t>(layer) + 1; i < graph.layers.size(); ++i) {
    Layer moved = graph.layers[i];
    for (int& input : moved.inputs) {
      input -= layer;
      if (input < 0) {
        throw base::UsageError(
            fmt::format("layer {}: reads layer {}, which comes before {}; the network cannot be cut there", moved.name,
                        graph.layers[static_cast<std::size_t>(input + layer)].name, first.name));
      }
    }
    rest.layers.push_back(std::move(moved));
  }
  for (int output : graph.outputs) rest.outputs.push_back(output - layer);
  if (rest.outputs.front() < 1) throw base::UsageError(fmt::format("layer {}: nothing comes after it", first.name));
  return rest;
}

}  // namespace agewise::nn
