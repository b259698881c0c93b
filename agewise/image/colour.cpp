#include "agewise/image/colour.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace agewise::image {
namespace {

constexpr std::array<double, 3> kLuma{0.299, 0.587, 0.114};

}  // namespace

ColourMatrix no_change() { return tint(1, 1, 1); }

ColourMatrix tint(double red, double green, double blue) {
  return {
      {{static_cast<float>(red), 0, 0, 0}, {0, static_cast<float>(green), 0, 0}, {0, 0, static_cast<float>(blue), 0}}};
}

ColourMatrix brightness(double factor) { return tint(factor, factor, factor); }

ColourMatrix contrast(double factor, double mean) {
  ColourMatrix matrix = brightness(factor);
  for (auto& row : matrix) row[3] = static_cast<float>((1 - factor) * mean);
  return matrix;
}

ColourMatrix saturation(double factor) {
  ColourMatrix matrix = brightness(factor);
  for (auto& row : matrix) {
    for (std::size_t c = 0; c < 3; ++c) row[c] += static_cast<float>((1 - factor) * kLuma[c]);
  }
  return matrix;
}

ColourMatrix hue(double degrees) {
  constexpr std::array<double, 3> kWeights{0.213, 0.715, 0.072};
  constexpr double kSine[3][3] = {{-0.213, -0.715, 0.928}, {0.143, 0.140, -0.283}, {-0.787, 0.715, 0.072}};
  double cosine = std::cos(degrees * std::numbers::pi / 180), sine = std::sin(degrees * std::numbers::pi / 180);
  ColourMatrix matrix{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t c = 0; c < 3; ++c) {
      double own = row == c ? 1 : 0;
      matrix[row][c] = static_cast<float>(kWeights[c] + cosine * (own - kWeights[c]) + sine * kSine[row][c]);
    }
  }
  return matrix;
}

ColourMatrix then(const ColourMatrix& first, const ColourMatrix& second) {
  ColourMatrix both{};
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t c = 0; c < 4; ++c) {
      for (std::size_t k = 0; k < 3; ++k) both[row][c] += second[row][k] * first[k][c];
    }
    both[row][3] += second[row][3];
  }
  return both;
}

void recolour(const ColourMatrix& matrix, Image& image) {
  if (image.channels == 1) {
    float factor = matrix[0][0] + matrix[0][1] + matrix[0][2], offset = matrix[0][3];
    for (std::uint8_t& pixel : image.pixels) pixel = to_byte(factor * pixel + offset);
    return;
  }
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    auto r = static_cast<float>(image.pixels[i]), g = static_cast<float>(image.pixels[i + 1]),
         b = static_cast<float>(image.pixels[i + 2]);
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[i + c] = to_byte(matrix[c][0] * r + matrix[c][1] * g + matrix[c][2] * b + matrix[c][3]);
    }
  }
}

double mean_luma(const Image& image) {
  std::array<std::uint64_t, 3> sums{};
  auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < image.pixels.size(); i += channels) {
    for (std::size_t c = 0; c < channels; ++c) sums[c] += image.pixels[i + c];
  }
  auto pixels = static_cast<double>(image.width) * image.height;
  if (channels == 1) return static_cast<double>(sums[0]) / pixels;
  return std::inner_product(sums.begin(), sums.end(), kLuma.begin(), 0.0) / pixels;
}

}  // namespace agewise::image
