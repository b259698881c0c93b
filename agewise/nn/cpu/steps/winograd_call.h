// A plan's calls of our own Winograd convolution (winograd.h).
#pragma once
#include "agewise/nn/cpu/kernels/winograd.h"
#include "agewise/nn/cpu/plan/kernel_choice.h"
#include "agewise/nn/cpu/plan/plan.h"

namespace agewise::nn::cpu {

// Forward reads in, weights and bias and writes out. Backward data reads out and weights and writes in, both of them
// gradients. Backward weights reads in and out, this a gradient, and writes the gradients weights and bias.
struct WinogradTask {
  WinogradShape shape;
  WinogradPass pass;
  bool has_bias = false;
  bool transformed = false;  // forward is given winograd_points() instead of weights
  bool add = false, relu = false;
};
struct WinogradTensors {
  Tensor in, out, weights, bias;
};

// The layouts that it needs: of activations, of weights and their gradient, of weights transformed.
dnnl::memory::desc winograd_activations(int batch, const Shape& shape);
dnnl::memory::desc winograd_weights(const WinogradShape& shape);
dnnl::memory::desc winograd_points(const WinogradShape& shape);

Call winograd_call(Plan& plan, const WinogradTask& task, const WinogradTensors& tensors);
Candidate winograd_candidate(const Plan& plan, const WinogradTask& task);

// From plain weights, output × input × 3 × 3, to `points`.
void winograd_take_weights(const WinogradShape& shape, const float* plain, const Tensor& points);

}  // namespace agewise::nn::cpu
