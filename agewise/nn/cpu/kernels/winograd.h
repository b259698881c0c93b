// Our own convolution of 3 × 3 kernels at stride 1 by Winograd's minimal filtering F(4 × 4, 3 × 3) (Lavin and Gray,
// "Fast Algorithms for Convolutional Neural Networks", CVPR 2016): 36 multiplications a tile of 4 × 4 outputs where the
// direct convolution needs 144. oneDNN has one for AVX-512 only; this one is for AVX2 too.
//
// Interpolation points 0, ±1/√2, ±√2, ∞: of those tried the most accurate (Lavin's 0, ±1, ±2, ∞ errs about three times
// as much). On VGG-16's shapes the largest difference from the definition over the largest value, and the same of root
// mean squares, stay below 1e-5 in all three passes, weight gradients of one picture (tests/nn/winograd_test.cpp).
//
// Layouts: activations in blocks of vector_floats() = B channels, N × C/B × H × W × B, as the engine has them; weights
// and their gradients OIhw{B}i{B}o, oneDNN's OIhw16i16o or OIhw8i8o. The channels that fill up a last block are 0 in
// all that is read, and come out as 0.
//
// Nothing is allocated: the caller gives `scratch`, aligned to 64 bytes. The same bits whatever the thread count.
#pragma once
#include <cstddef>

#include "agewise/nn/graph.h"

namespace agewise::nn::cpu {

struct WinogradShape {
  int batch;
  Shape in, out;
  Padding pad;  // 0, 1 or 2 on each side
};

// Whether `shape` is that of a 3 × 3 convolution at stride 1, with at least one whole block of channels on both sides.
bool winograd_fits(const WinogradShape& shape);

enum class WinogradPass { forward, backward_data, backward_weights };

std::size_t winograd_scratch_floats(const WinogradShape& shape, WinogradPass pass, int threads);

// Weights as forward and backward data want them: one matrix of inputs × outputs for each of 36 points.
std::size_t winograd_weight_floats(const WinogradShape& shape);
void winograd_transform_weights(const WinogradShape& shape, WinogradPass pass, const float* weights, float* transformed,
                                int threads);

struct WinogradFinish {
  const float* bias = nullptr;  // out.channels floats, or null
  bool add = false;             // what lay in `out` before is added
  bool relu = false;            // last
};
void winograd_forward(const WinogradShape& shape, const float* in, const float* transformed,
                      const WinogradFinish& finish, float* out, float* scratch, int threads);
void winograd_backward_data(const WinogradShape& shape, const float* out_gradient, const float* transformed,
                            float* in_gradient, float* scratch, int threads);
// bias_gradient: out.channels floats, or null where it is not wanted.
void winograd_backward_weights(const WinogradShape& shape, const float* in, const float* out_gradient,
                               float* weight_gradient, float* bias_gradient, float* scratch, int threads);

}  // namespace agewise::nn::cpu
