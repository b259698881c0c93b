// Activations as oneDNN computes them, by themselves or along with a convolution.
#pragma once
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "agewise/nn/graph.h"

namespace agewise::nn::cpu {

// Whether a convolution can compute the layer along (ReLU, which has ways of its own, not among them).
bool is_computed_along(const LayerKind& kind);

// What it then does to the convolution's sums, and the layer's name among the tuning cache's keys.
void append_activation(dnnl::post_ops& after, const LayerKind& kind);
std::string name_of_activation(const LayerKind& kind);

}  // namespace agewise::nn::cpu
