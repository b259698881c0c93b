#include "agewise/image/warp.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace agewise::image {
namespace {

constexpr int kFraction = 32;      // bits below the point of a coordinate: no drift along a row
constexpr int kWeight = 11;        // bits of a weight: 255 · 2¹¹ · 2¹¹ fits an int
constexpr double kFarthest = 1e6;  // pixels

std::int64_t fixed(double value) { return std::llround(value * static_cast<double>(std::int64_t{1} << kFraction)); }

// The two neighbours of a coordinate, inside 0 … size-1, and the weight of the second.
struct Neighbours {
  int first, second, weight;
};

inline Neighbours neighbours(std::int64_t coordinate, int size) {
  auto whole = static_cast<int>(coordinate >> kFraction);
  auto weight = static_cast<int>((coordinate >> (kFraction - kWeight)) & ((1 << kWeight) - 1));
  return {std::clamp(whole, 0, size - 1), std::clamp(whole + 1, 0, size - 1), weight};
}

template <int channels>
void warp_row(const Image& image, std::int64_t x, std::int64_t y, std::int64_t dx, std::int64_t dy, int width,
              std::uint8_t* to) {
  constexpr int kOne = 1 << kWeight, kHalf = 1 << (2 * kWeight - 1);
  for (int i = 0; i < width; ++i, x += dx, y += dy, to += channels) {
    Neighbours h = neighbours(x, image.width), v = neighbours(y, image.height);
    const std::uint8_t *above = image.row(v.first), *below = image.row(v.second);
    int left = h.first * channels, right = h.second * channels;
    for (int c = 0; c < channels; ++c) {
      int top = above[left + c] * (kOne - h.weight) + above[right + c] * h.weight;
      int bottom = below[left + c] * (kOne - h.weight) + below[right + c] * h.weight;
      to[c] = static_cast<std::uint8_t>((top * (kOne - v.weight) + bottom * v.weight + kHalf) >> (2 * kWeight));
    }
  }
}

void check(const Affine& map, int width, int height) {
  for (int x : {0, width}) {
    for (int y : {0, height}) {
      double to_x = map.xx * x + map.xy * y + map.x0, to_y = map.yx * x + map.yy * y + map.y0;
      if (!(std::abs(to_x) < kFarthest && std::abs(to_y) < kFarthest))
        throw std::invalid_argument("a map that is not finite or reaches too far");
    }
  }
}

}  // namespace

Affine map_of(const Placement& p, int width, int height) {
  double radians = p.angle * std::numbers::pi / 180, cosine = std::cos(radians) / p.scale,
         sine = std::sin(radians) / p.scale, flip = p.mirrored ? -1 : 1;
  // From the new picture: take away the mirroring, the shift, the enlarging and the turn.
  Affine map{flip * cosine, sine, 0, -flip * sine, cosine, 0};
  double x = -width / 2.0 * flip - p.shift_x, y = -height / 2.0 - p.shift_y;
  map.x0 = p.centre_x + cosine * x + sine * y;
  map.y0 = p.centre_y - sine * x + cosine * y;
  return map;
}

Image warp(const Image& image, const Affine& map, int width, int height) {
  check(map, width, height);
  Image warped = make_image(width, height, image.channels);
  auto* row = image.channels == 1 ? warp_row<1> : warp_row<3>;
  for (int y = 0; y < height; ++y) {
    // Of the middle of the row's first pixel; less ½, so that whole numbers are middles of old pixels.
    double from_x = map.xx * 0.5 + map.xy * (y + 0.5) + map.x0 - 0.5;
    double from_y = map.yx * 0.5 + map.yy * (y + 0.5) + map.y0 - 0.5;
    row(image, fixed(from_x), fixed(from_y), fixed(map.xx), fixed(map.yx), width, warped.row(y));
  }
  return warped;
}

}  // namespace agewise::image
