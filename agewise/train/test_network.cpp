#include "agewise/train/test_network.h"

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/nn/cut.h"

namespace agewise {
namespace {

template <class Kind>
bool has(const Graph& graph) {
  return std::any_of(graph.layers.begin(), graph.layers.end(),
                     [](const Layer& layer) { return std::holds_alternative<Kind>(layer.kind); });
}

Mode test_mode(const Recipe& recipe, const Graph& graph) {
  bool drops = recipe.train.test_dropout && has<layer::Dropout>(graph);
  bool normalises = recipe.train.test_batch_statistics && has<layer::BatchNorm>(graph);
  if (drops && !normalises && has<layer::BatchNorm>(graph)) {
    throw UsageError(
        "recipe, [train]: test_dropout needs test_batch_statistics in a network with batch normalisation; set both, "
        "the second, or neither");
  }
  return drops || normalises ? Mode::train : Mode::infer;
}

Graph without_dropout(Graph graph) {
  for (Layer& layer : graph.layers) {
    if (auto* dropout = std::get_if<layer::Dropout>(&layer.kind)) dropout->rate = 0;
  }
  return graph;
}

}  // namespace

TestNetwork::TestNetwork(const Recipe& recipe, const Graph& graph, Engine& engine, int first_layer)
    : seed_(recipe.train.seed), held_(0) {
  Graph tested = first_layer > 0 ? after(graph, first_layer) : graph;
  held_ = static_cast<std::size_t>(parameter_count(parameters_of(graph)) - parameter_count(parameters_of(tested)));
  network_ = engine.compile(recipe.train.test_dropout ? tested : without_dropout(tested), recipe.train.batch,
                            test_mode(recipe, graph));
}

void TestNetwork::set_parameters(std::span<const float> plain) { network_->set_parameters(plain.subspan(held_)); }

std::span<const float> TestNetwork::outputs(const Batch& batch, int epoch) {
  std::copy(batch.inputs.begin(), batch.inputs.end(), network_->input().begin());
  network_->forward({seed_, static_cast<std::uint32_t>(epoch), batch.samples}, /*update_statistics=*/false);
  return network_->output();
}

}  // namespace agewise
