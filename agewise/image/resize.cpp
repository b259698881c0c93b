#include "agewise/image/resize.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace agewise {
namespace {

constexpr int kBits = 14;                              // of a weight's fraction: the weights of a pixel sum to 2^14
constexpr double kFarthest = 1e5, kLargestArea = 1e8;  // of a cut: pixels

// For each new pixel the first old one under it and the weights of those from there on.
struct Filter {
  int taps = 0;  // weights a new pixel; unused ones at the end are 0
  std::vector<int> first;
  std::vector<std::int32_t> weights;  // taps a new pixel
};

// A triangle as wide as the new pixel is, or two old ones when enlarging (Pillow's BILINEAR).
Filter triangle_filter(int from, int to) {
  double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0);
  Filter filter;
  filter.taps = static_cast<int>(std::ceil(reach)) * 2 + 1;
  filter.first.resize(to);
  filter.weights.assign(static_cast<std::size_t>(to) * filter.taps, 0);
  std::vector<double> exact(filter.taps);
  for (int i = 0; i < to; ++i) {
    double centre = (i + 0.5) * scale;
    int begin = std::max(0, static_cast<int>(centre - reach + 0.5)),
        end = std::min(from, static_cast<int>(centre + reach + 0.5));
    double sum = 0;
    for (int k = begin; k < end; ++k) {
      exact[k - begin] = std::max(0.0, 1 - std::abs((k - centre + 0.5) / reach));
      sum += exact[k - begin];
    }
    // Rounded so that they still sum to one: a flat picture stays as it is.
    std::int32_t* weights = &filter.weights[static_cast<std::size_t>(i) * filter.taps];
    int heaviest = 0, total = 0;
    for (int k = 0; k < end - begin; ++k) {
      weights[k] = static_cast<std::int32_t>(std::lround(exact[k] / sum * (1 << kBits)));
      total += weights[k];
      if (weights[k] > weights[heaviest]) heaviest = k;
    }
    weights[heaviest] += (1 << kBits) - total;
    filter.first[i] = std::min(begin, std::max(0, from - filter.taps));
    // Near the end the window is moved back so that it never reads past the row.
    std::rotate(weights, weights + filter.taps - (begin - filter.first[i]), weights + filter.taps);
  }
  return filter;
}

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp((sum + (1 << (kBits - 1))) >> kBits, 0, 255));
}

template <int channels>
void shrink_row(const std::uint8_t* from, const Filter& filter, int taps, std::uint8_t* to) {
  const std::int32_t* weights = filter.weights.data();
  for (int first : filter.first) {
    const std::uint8_t* pixel = from + static_cast<std::ptrdiff_t>(first) * channels;
    std::int32_t sum[channels] = {};
    for (int k = 0; k < taps; ++k) {
      for (int c = 0; c < channels; ++c) sum[c] += weights[k] * pixel[k * channels + c];
    }
    for (int c = 0; c < channels; ++c) *to++ = rounded(sum[c]);
    weights += filter.taps;
  }
}

Image resize_width(const Image& image, int width) {
  if (image.width == width) return image;
  Image resized = make_image(width, image.height, image.channels);
  Filter filter = triangle_filter(image.width, width);
  int taps = std::min(filter.taps, image.width);
  for (int y = 0; y < image.height; ++y) {
    if (image.channels == 1) shrink_row<1>(image.row(y), filter, taps, resized.row(y));
    if (image.channels == 3) shrink_row<3>(image.row(y), filter, taps, resized.row(y));
  }
  return resized;
}

Image resize_height(const Image& image, int height) {
  if (image.height == height) return image;
  Image resized = make_image(image.width, height, image.channels);
  Filter filter = triangle_filter(image.height, height);
  int row_size = image.width * image.channels, taps = std::min(filter.taps, image.height);
  std::vector<std::int32_t> sums(row_size);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int k = 0; k < taps; ++k) {
      std::int32_t weight = filter.weights[static_cast<std::size_t>(y) * filter.taps + k];
      if (weight == 0) continue;
      const std::uint8_t* row = image.row(filter.first[y] + k);
      for (int x = 0; x < row_size; ++x) sums[x] += weight * row[x];
    }
    std::transform(sums.begin(), sums.end(), resized.row(y), rounded);
  }
  return resized;
}

}  // namespace

Image resize(const Image& image, int width, int height) { return resize_height(resize_width(image, width), height); }

Image cut_out(const Image& picture, Box box, int width, int height) {
  double left = std::round(box.left), top = std::round(box.top);
  double cut_width = std::round(box.right) - left, cut_height = std::round(box.bottom) - top;
  bool sensible = cut_width >= 1 && cut_height >= 1 && cut_width * cut_height <= kLargestArea &&
                  std::abs(left) < kFarthest && std::abs(top) < kFarthest;
  if (!sensible) throw std::invalid_argument("the box is empty, not finite or far outside");
  Image cut = make_image(static_cast<int>(cut_width), static_cast<int>(cut_height), picture.channels);
  for (int y = 0; y < cut.height; ++y) {
    const std::uint8_t* row = picture.row(std::clamp(static_cast<int>(top) + y, 0, picture.height - 1));
    std::uint8_t* to = cut.row(y);
    for (int x = 0; x < cut.width; ++x, to += picture.channels) {
      const std::uint8_t* pixel =
          row +
          static_cast<std::ptrdiff_t>(std::clamp(static_cast<int>(left) + x, 0, picture.width - 1)) * picture.channels;
      std::copy_n(pixel, picture.channels, to);
    }
  }
  return resize(cut, width, height);
}

}  // namespace agewise
