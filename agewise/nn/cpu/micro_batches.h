// Estimating large pictures one after the other. Of VGG-16 each picture's activations are 13 MB a layer: a batch of
// them at once gains its convolutions nothing, and takes memory that Winograd's scratch multiplies. Its fully connected
// layers, whose weights are read once a batch, do gain. So the layers before the first of those take the pictures of a
// batch one at a time, and the layers from there on all together.
#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "agewise/nn/engine.h"

namespace agewise::nn::cpu {

// The layer after which to go on with the whole batch: the input of the first fully connected one, where a picture has
// an activation of a million numbers or more before it. Nothing where batch is 1, or the network cannot be cut there.
std::optional<int> end_of_micro_batches(const Graph& graph, int batch);

using Compile = std::function<std::unique_ptr<Executable>(const Graph& graph, int batch)>;

// Compiled for inference in two pieces, by `compile`.
std::unique_ptr<Executable> make_micro_batched(const Graph& graph, int batch, int end_of_micro_batches,
                                               const Compile& compile);

}  // namespace agewise::nn::cpu
