// The gradient towards the weights of depthwise convolutions, where oneDNN 2.6.3 has but its plain loop (kernels of 5 ×
// 5).
#pragma once
#include "agewise/nn/graph.h"

namespace agewise::nn::cpu {

// A convolution of as many groups as channels, input and output in channel blocks of `block`, 8 or 16.
struct DepthwiseShape {
  int batch, block;
  Shape in, out;
  int kernel_height, kernel_width, stride;
  Padding pad;
};

// `to_weight`: channels × kernel height × kernel width, plain; `to_bias`: channels, or null. On all threads; each
// channel is summed by one of them, in order: the same bits whatever their number.
void depthwise_weight_gradient(const DepthwiseShape& shape, const float* in, const float* out_gradient,
                               float* to_weight, float* to_bias);

}  // namespace agewise::nn::cpu
