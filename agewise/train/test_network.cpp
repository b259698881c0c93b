#include "agewise/train/test_network.h"

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/nn/cut.h"

namespace agewise::train {
namespace {

template <class Kind>
bool has(const nn::Graph& graph) {
  return std::any_of(graph.layers.begin(), graph.layers.end(),
                     [](const nn::Layer& layer) { return std::holds_alternative<Kind>(layer.kind); });
}

nn::Mode test_mode(const recipe::Recipe& recipe, const nn::Graph& graph) {
  bool drops = recipe.predict.dropout && has<nn::layer::Dropout>(graph);
  bool normalises = recipe.predict.batch_statistics && has<nn::layer::BatchNorm>(graph);
  if (drops && !normalises && has<nn::layer::BatchNorm>(graph)) {
    throw base::UsageError(
        "recipe, [predict]: dropout needs batch_statistics in a network with batch normalisation; set both, only "
        "batch_statistics, or neither");
  }
  return drops || normalises ? nn::Mode::train : nn::Mode::infer;
}

nn::Graph without_dropout(nn::Graph graph) {
  for (nn::Layer& layer : graph.layers) {
    if (auto* dropout = std::get_if<nn::layer::Dropout>(&layer.kind)) dropout->rate = 0;
  }
  return graph;
}

}  // namespace

TestNetwork::TestNetwork(const recipe::Recipe& recipe, const nn::Graph& graph, nn::Engine& engine, int first_layer)
    : seed_(recipe.train.seed), held_(0) {
  nn::Graph tested = first_layer > 0 ? nn::after(graph, first_layer) : graph;
  held_ = static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(graph)) -
                                   nn::parameter_count(nn::parameters_of(tested)));
  network_ = engine.compile(recipe.predict.dropout ? tested : without_dropout(tested), recipe.train.batch,
                            test_mode(recipe, graph));
}

void TestNetwork::set_parameters(std::span<const float> plain) { network_->set_parameters(plain.subspan(held_)); }

std::span<const float> TestNetwork::outputs(const Batch& batch, int epoch) {
  std::copy(batch.inputs.begin(), batch.inputs.end(), network_->input().begin());
  network_->forward({seed_, static_cast<std::uint32_t>(epoch), batch.samples}, /*update_statistics=*/false);
  return network_->output();
}

}  // namespace agewise::train
