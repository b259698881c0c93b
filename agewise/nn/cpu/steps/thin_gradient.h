// Gradient of the weights of a convolution of few kernel elements by our own kernel: for the shapes where oneDNN has
// only its plain loop (on AVX2 the 1-channel convolution of a grey picture: 3.9 s a step instead of 2 ms).
#pragma once
#include "agewise/nn/cpu/kernels/thin_kernels.h"
#include "agewise/nn/cpu/plan/plan.h"

namespace agewise::nn::cpu {

// Whether it can be used: input in canonical layout, output in blocks of vector_floats(), few kernel elements, no
// groups.
bool has_thin_gradient(const layer::Convolution& convolution, const Tensor& in, const Tensor& out);

class ThinGradient {
 public:
  // `in`: the convolution's input, alive when it is called. `bias_gradient` may be empty.
  ThinGradient(Plan& plan, const ThinShape& shape, const Tensor& in, const Tensor& weight_gradient,
               const Tensor& bias_gradient);

  void operator()(const Tensor& out_gradient);

 private:
  ThinShape shape_;
  int batch_, padded_channels_;
  std::vector<std::int32_t> offsets_;
  std::vector<float> pilot_;  // 0: nothing is squared here
  std::vector<float> sums_;   // weights, then bias: a set a thread
  Tensor in_, patches_, blocked_, bias_gradient_;
  Call reorder_;
};

}  // namespace agewise::nn::cpu
