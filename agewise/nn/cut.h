// A network in two pieces, so that what the first gives is computed once and the second trained on it.
#pragma once
#include "agewise/nn/graph.h"

namespace agewise::nn {

// The index of the layer of this name. Throws UsageError naming the nearest known one.
int layer_called(const Graph& graph, const std::string& name);

// The layers up to and with `layer`, which is the output. Their parameters are the first of the whole network's.
Graph up_to(const Graph& graph, int layer);

// The layers after `layer`, whose output is their input. Their parameters are the last of the whole network's. Throws
// UsageError naming a layer that reads one from before it.
Graph after(const Graph& graph, int layer);

}  // namespace agewise::nn
