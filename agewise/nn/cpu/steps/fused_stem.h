// The first block of a network in one step: convolution of the input (thin_kernels.h), batch normalisation, ReLU, max
// pool of 2 × 2, dropout. Neither the convolution's output nor its gradient is ever stored.
//
// Training. With kernel elements p (a vector for each output position), weights w and bias b of a channel, z = w·p + b,
// and S and C the sum and the centred products of the kernel elements over all M positions of the batch:
//   mean of z = w·S/M + b, variance of z = wᵀCw/M,
// so one pass over the input gives the statistics. γ(z-mean)/deviation + β is a convolution again, with other weights:
// the second pass computes it with ReLU, pool and dropout, and keeps which position won.
// Backward, dy being the gradient at the winners and T = Σ dy·p, β' = Σ dy, γ' = w·(T - β'S/M)/deviation:
//   gradient of w = γ/deviation · (T - β'S/M - γ'/(M·deviation)·Cw), of b = 0, of γ = γ', of β = β'.
#pragma once
#include <memory>

#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {

// Whether the convolution and the layers after it, already known to be normalisation, ReLU and pool, can be computed
// so.
bool is_fused_stem(const Graph& graph, int convolution, int pool);

std::unique_ptr<Step> make_fused_stem(Plan& plan, const Operation& operation);

}  // namespace agewise::nn::cpu
