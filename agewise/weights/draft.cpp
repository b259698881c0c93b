#include "agewise/weights/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "agewise/base/error.h"

namespace agewise::weights {
namespace {

template <class Kind>
bool is(const DraftLayer& layer) {
  return std::holds_alternative<Kind>(layer.layer.kind);
}

nn::Graph graph_of(const Draft& draft) {
  nn::Graph graph{{}, draft.inputs, draft.outputs};
  for (const DraftLayer& layer : draft.layers) graph.layers.push_back(layer.layer);
  return graph;
}

// Keeps the layers that are their own `stands_for` and `wanted`; whoever read another reads what stands for it.
void compact(Draft& draft, const std::vector<int>& stands_for, const std::vector<bool>& wanted) {
  std::vector<int> place(draft.layers.size(), -1);
  std::vector<DraftLayer> kept;
  for (int i = 0; i < static_cast<int>(draft.layers.size()); ++i) {
    if (stands_for[i] != i || !wanted[i]) continue;
    place[i] = static_cast<int>(kept.size());
    kept.push_back(std::move(draft.layers[i]));
  }
  auto move = [&](int& index) { index = place[stands_for[index]]; };
  for (DraftLayer& layer : kept) std::for_each(layer.layer.inputs.begin(), layer.layer.inputs.end(), move);
  std::for_each(draft.inputs.begin(), draft.inputs.end(), move);
  std::for_each(draft.outputs.begin(), draft.outputs.end(), move);
  draft.layers = std::move(kept);
}

std::vector<int> themselves(const Draft& draft) {
  std::vector<int> numbers(draft.layers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(i);
  return numbers;
}

// `into` then gives scale · y + offset for what was y. A fully connected layer gives a channel an output.
void fold(const DraftLayer& scale, DraftLayer& into) {
  want_bias(into);
  std::vector<float>&weight = into.arrays[0], &bias = into.arrays[1];
  std::size_t channels = bias.size(), each = weight.size() / channels;
  for (std::size_t c = 0; c < channels; ++c) {
    float factor = scale.arrays[0][c];
    for (std::size_t i = 0; i < each; ++i) weight[c * each + i] *= factor;
    bias[c] = factor * bias[c] + scale.arrays[1][c];
  }
}

// Scales that alone read what `takes` says become part of it.
template <class Takes>
void fold_into(Draft& draft, Takes takes) {
  std::vector<int> readers = nn::readers_of(graph_of(draft)), stands_for = themselves(draft);
  for (int i = 0; i < static_cast<int>(draft.layers.size()); ++i) {
    if (!is<nn::layer::Scale>(draft.layers[i])) continue;
    int from = stands_for[draft.layers[i].layer.inputs[0]];
    DraftLayer& into = draft.layers[from];
    if (!takes(into) || readers[from] != 1) continue;
    fold(draft.layers[i], into);
    stands_for[i] = from;
    readers[from] = readers[i];
  }
  compact(draft, stands_for, std::vector<bool>(draft.layers.size(), true));
}

}  // namespace

void want_bias(DraftLayer& layer) {
  bool* bias = nullptr;
  if (auto* c = std::get_if<nn::layer::Convolution>(&layer.layer.kind)) bias = &c->bias;
  if (auto* f = std::get_if<nn::layer::FullyConnected>(&layer.layer.kind)) bias = &f->bias;
  if (bias == nullptr || *bias) return;
  *bias = true;
  layer.arrays.emplace_back(static_cast<std::size_t>(layer.layer.shape.channels), 0.0F);
}

void merge_scales(Draft& draft) {
  fold_into(draft, [](const DraftLayer& into) { return is<nn::layer::Scale>(into); });
}

void fold_scales(Draft& draft) {
  fold_into(draft, [](const DraftLayer& into) {
    return is<nn::layer::Convolution>(into) || is<nn::layer::FullyConnected>(into) || is<nn::layer::BatchNorm>(into) ||
           is<nn::layer::Scale>(into);
  });
}

void drop_needless(Draft& draft) {
  std::vector<int> stands_for = themselves(draft);
  std::vector<bool> needed(draft.layers.size(), false), only_for_full(draft.layers.size(), true);
  for (int output : draft.outputs) {
    needed[output] = true;
    only_for_full[output] = false;
  }
  for (std::size_t i = draft.layers.size(); i-- > 0;) {
    for (int input : draft.layers[i].layer.inputs) {
      needed[input] = needed[input] || needed[i];
      if (!is<nn::layer::FullyConnected>(draft.layers[i])) only_for_full[input] = false;
    }
  }
  for (int input : draft.inputs) needed[input] = true;
  for (std::size_t i = 0; i < draft.layers.size(); ++i) {
    if (is<nn::layer::Reshape>(draft.layers[i]) && only_for_full[i])
      stands_for[i] = stands_for[draft.layers[i].layer.inputs[0]];
  }
  compact(draft, stands_for, needed);
}

void drop_idle_scales(Draft& draft) {
  std::vector<int> stands_for = themselves(draft);
  auto all = [](const std::vector<float>& values, float wanted) {
    return std::all_of(values.begin(), values.end(), [&](float value) { return value == wanted; });
  };
  for (std::size_t i = 0; i < draft.layers.size(); ++i) {
    const DraftLayer& layer = draft.layers[i];
    if (is<nn::layer::Scale>(layer) && all(layer.arrays[0], 1) && all(layer.arrays[1], 0))
      stands_for[i] = stands_for[layer.layer.inputs[0]];
  }
  compact(draft, stands_for, std::vector<bool>(draft.layers.size(), true));
}

DraftNetwork finished(const Draft& draft) {
  DraftNetwork network{graph_of(draft), {}};
  std::vector<const std::vector<float>*> arrays;
  for (const DraftLayer& layer : draft.layers) {
    for (const std::vector<float>& array : layer.arrays) arrays.push_back(&array);
  }
  std::vector<nn::ParameterInfo> infos = nn::parameters_of(network.graph);
  if (infos.size() != arrays.size()) throw std::logic_error("a draft has not one array a parameter");
  network.parameters.reserve(static_cast<std::size_t>(nn::parameter_count(infos)));
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (static_cast<std::int64_t>(arrays[i]->size()) != infos[i].size())
      throw std::logic_error("a draft's array has another size than its parameter");
    if (!std::all_of(arrays[i]->begin(), arrays[i]->end(), [](float value) { return std::isfinite(value); }))
      throw base::Error(fmt::format("array \"{}\": holds a value that is not finite", infos[i].name));
    network.parameters.insert(network.parameters.end(), arrays[i]->begin(), arrays[i]->end());
  }
  return network;
}

}  // namespace agewise::weights
