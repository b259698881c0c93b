#include "agewise/image/field.h"

#include <algorithm>
#include <cmath>

namespace agewise::image {
namespace {

// Where the value of `index`, which may lie outside 0 … size - 1, is found.
int inside(int index, int size, Border border) {
  if (border == Border::repeats) return std::clamp(index, 0, size - 1);
  int rest = index % size;
  return rest < 0 ? rest + size : rest;
}

void add_pair(const float* first, const float* second, float weight, std::size_t size, float* out) {
  for (std::size_t i = 0; i < size; ++i) out[i] += weight * (first[i] + second[i]);
}

void smooth_columns(const Field& field, const std::vector<float>& weights, Border border, Field& out) {
  auto size = static_cast<std::size_t>(field.width) * field.channels;
  for (int y = 0; y < field.height; ++y) {
    const float* middle = field.row(y);
    float* row = out.row(y);
    for (std::size_t i = 0; i < size; ++i) row[i] = weights[0] * middle[i];
    for (int k = 1; k < static_cast<int>(weights.size()); ++k) {
      const float* above = field.row(inside(y - k, field.height, border));
      const float* below = field.row(inside(y + k, field.height, border));
      add_pair(above, below, weights[static_cast<std::size_t>(k)], size, row);
    }
  }
}

void smooth_rows(const std::vector<float>& weights, Border border, Field& field) {
  int reach = static_cast<int>(weights.size()) - 1;
  auto channels = static_cast<std::size_t>(field.channels), size = field.width * channels;
  std::vector<float> padded(size + 2 * reach * channels);
  for (int y = 0; y < field.height; ++y) {
    float* row = field.row(y);
    auto pad = [&](int x) {
      std::copy_n(row + inside(x, field.width, border) * channels, channels, padded.data() + (x + reach) * channels);
    };
    for (int k = 1; k <= reach; ++k) pad(-k), pad(field.width - 1 + k);
    const float* middle = padded.data() + reach * channels;
    std::copy_n(row, size, padded.data() + reach * channels);
    for (std::size_t i = 0; i < size; ++i) row[i] = weights[0] * middle[i];
    for (std::size_t k = 1; k < weights.size(); ++k) {
      add_pair(middle - k * channels, middle + k * channels, weights[k], size, row);
    }
  }
}

}  // namespace

Field make_field(int width, int height, int channels) {
  return {width, height, channels, std::vector<float>(static_cast<std::size_t>(width) * height * channels)};
}

Field to_field(const Image& image) {
  return {image.width, image.height, image.channels, {image.pixels.begin(), image.pixels.end()}};
}

std::vector<float> normal_weights(double deviation) {
  auto reach = static_cast<std::size_t>(std::ceil(3 * deviation));
  std::vector<float> weights(reach + 1, 1);
  double sum = 1;
  for (std::size_t k = 1; k <= reach; ++k) {
    double distance = static_cast<double>(k) / deviation;
    weights[k] = static_cast<float>(std::exp(-distance * distance / 2));
    sum += 2 * weights[k];
  }
  for (float& weight : weights) weight /= static_cast<float>(sum);
  return weights;
}

Field smoothed(const Field& field, const std::vector<float>& weights, Border border) {
  Field out = make_field(field.width, field.height, field.channels);
  smooth_columns(field, weights, border, out);
  smooth_rows(weights, border, out);
  return out;
}

}  // namespace agewise::image
