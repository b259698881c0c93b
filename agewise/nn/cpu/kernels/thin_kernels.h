// Our own kernels for a convolution of the network's input: few channels, so few kernel elements (weights of one
// output) that the convolution is cheaper to compute again than its output is to store and read. No input gradient is
// needed there.
//
// A sample's "patches" are its pixels with the padding around them, less a pilot (below), each row's columns sorted by
// their remainder modulo the stride: then an element of neighbouring outputs is a run of neighbouring floats.
// Outputs and their gradients lie in blocks of vector_floats() channels; weights as [block][row][column][input
// channel][channel in block], which is oneDNN's Ohwi16o (or 8o).
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::nn::cpu {

constexpr int kMostKernelElements = 32;

// Of the instruction set at hand: 16 or 8.
int vector_floats();

struct ThinShape {
  Shape in, out;  // out: of the convolution, before any pooling
  int kernel_height, kernel_width, stride;
  Padding pad;

  int kernel_elements() const { return in.channels * kernel_height * kernel_width; }
  int padded_height() const { return in.height + pad.top + pad.bottom; }
  int padded_width() const { return in.width + pad.left + pad.right; }
  int columns() const;  // floats of one remainder's columns in a row, with room for reading a vector too far
  std::size_t patch_floats() const;
  // Where output (0, 0)'s element lies in the patches; output (y, x)'s lies y · row_step() + x further.
  std::vector<std::int32_t> tap_offsets() const;
  std::int32_t row_step() const { return stride * stride * columns(); }
};

// A range of a picture's rows.
struct Rows {
  int begin, end;
};

// One sample's patches from its C × H × W pixels, those of the given rows of the padded picture. `pilot` (one a
// channel) is subtracted everywhere, in the padding too: sums of squares of numbers near 0 keep their digits.
void make_patches(const ThinShape& shape, const float* pixels, const float* pilot, Rows rows, float* patches);

// The rows of the padded picture that the windows of these rows of the 2 × 2 pool's output see.
Rows padded_rows(const ThinShape& shape, Rows pooled);

// Adds to sums[(kernel_elements + 1) × kernel_elements]: row j, column k the sum over all outputs of element j ·
// element k, the last row that of element k.
void add_tap_products(const ThinShape& shape, const std::int32_t* offsets, const float* patches, double* sums);

// Convolution, ReLU and max pool of 2 × 2, those rows of the pool's output. With a mask (nn/cpu/kernels/dropout_mask.h,
// of the pooled sample) also dropout. winners, if wanted: for each output which of the window's four it was in reading
// order, or kNoWinner where ReLU or dropout made it 0.
constexpr std::uint8_t kNoWinner = 4;
struct PooledOutput {
  float* values;             // vectors of vector_floats() channels …
  std::int64_t pixel_step;   // … so many floats from one pixel to the next
  std::int64_t block_step;   // … and from one block of channels to the next
  std::uint8_t* winners;     // null: not wanted
  const std::uint8_t* mask;  // null: no dropout
  float scale;               // of dropout
};
void thin_pooled_forward(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                         const float* weights, const float* bias, Rows rows, const PooledOutput& output);

// Adds to weight_sums (as the weights) Σ gradient · element and to bias_sums Σ gradient, the gradient being that of
// each pooled output's winner.
void thin_pooled_backward(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                          const float* gradient, const std::uint8_t* winners, float* weight_sums, float* bias_sums);

// The same for a gradient of every output of the convolution.
void thin_backward(const ThinShape& shape, const std::int32_t* offsets, const float* patches, const float* gradient,
                   float* weight_sums, float* bias_sums);

}  // namespace agewise::nn::cpu
