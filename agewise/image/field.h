// Pictures as numbers between two roundings, and Gaussian smoothing of them.
#pragma once
#include <cstddef>
#include <vector>

#include "agewise/image/image.h"

namespace agewise::image {

// Laid out as an Image: rows from the top, pixels from the left, channels interleaved.
struct Field {
  int width = 0, height = 0, channels = 0;
  std::vector<float> values;  // width · height · channels

  float* row(int y) { return values.data() + static_cast<std::size_t>(y) * width * channels; }
  const float* row(int y) const { return values.data() + static_cast<std::size_t>(y) * width * channels; }
};

Field make_field(int width, int height, int channels);
Field to_field(const Image& image);

// One side of a normal curve of this deviation (pixels, 0 or more): the weight of a pixel, then of each of its two
// neighbours at distance 1, 2 … up to three deviations. w0 + 2 w1 + 2 w2 … is one.
std::vector<float> normal_weights(double deviation);

enum class Border {
  repeats,  // outside lies the nearest value of the border
  wraps,    // outside the opposite side follows: noise stays as strong at the border as elsewhere
};

// Each value the weighted mean of its surroundings, along columns and rows. Any thread.
Field smoothed(const Field& field, const std::vector<float>& weights, Border border);

}  // namespace agewise::image
