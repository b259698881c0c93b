#include "agewise/image/resize.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "agewise/image/sum_rows.h"

namespace agewise::image {
namespace {

constexpr double kFarthest = 1e5, kLargestArea = 1e8;  // of a cut: pixels

// The old pixels that make a new one, and their weights, which sum to kOne.
struct Window {
  int first = 0;
  std::vector<std::int32_t> weights;
};

// A triangle as wide as the new pixel is, or two old ones when enlarging (Pillow's BILINEAR).
Window window_of(int pixel, int from, int to) {
  double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0), centre = (pixel + 0.5) * scale;
  int begin = std::max(0, static_cast<int>(std::floor(centre - reach + 0.5)));
  int end = std::min(from, static_cast<int>(std::floor(centre + reach + 0.5)));
  auto height = [&](int k) { return std::max(0.0, 1 - std::abs((k - centre + 0.5) / reach)); };
  double sum = 0;
  for (int k = begin; k < end; ++k) sum += height(k);
  Window window{begin, std::vector<std::int32_t>(end - begin)};
  std::int32_t missing = kOne;
  for (int k = begin; k < end; ++k) {
    window.weights[k - begin] = static_cast<std::int32_t>(std::floor(height(k) / sum * kOne + 0.5));
    missing -= window.weights[k - begin];
  }
  *std::max_element(window.weights.begin(), window.weights.end()) += missing;  // a flat picture stays as it is
  return window;
}

Image resize_height(Image image, int height) {
  if (image.height == height) return image;
  Image resized = make_image(image.width, height, image.channels);
  std::size_t row_size = static_cast<std::size_t>(image.width) * image.channels;
  for (int y = 0; y < height; ++y) {
    Window window = window_of(y, image.height, height);
    sum_rows(image.row(window.first), row_size, window.weights, resized.row(y));
  }
  return resized;
}

template <int channels>
void transpose(const Image& image, Image& transposed) {
  constexpr int kTile = 16;  // rows whose pixels stay in the nearest cache meanwhile
  std::ptrdiff_t stride = static_cast<std::ptrdiff_t>(image.width) * channels;
  for (int top = 0; top < image.height; top += kTile) {
    int rows = std::min(kTile, image.height - top);
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* from = image.row(top) + static_cast<std::ptrdiff_t>(x) * channels;
      std::uint8_t* to = transposed.row(x) + static_cast<std::ptrdiff_t>(top) * channels;
      for (int y = 0; y < rows; ++y, from += stride, to += channels) {
        for (int c = 0; c < channels; ++c) to[c] = from[c];
      }
    }
  }
}

// Rows and columns exchanged.
Image transposed(const Image& image) {
  Image result = make_image(image.height, image.width, image.channels);
  image.channels == 1 ? transpose<1>(image, result) : transpose<3>(image, result);
  return result;
}

}  // namespace

// Summing whole rows is what processors do well, so columns are resized as rows of the transposed picture.
Image resize(const Image& image, int width, int height) {
  Image resized = resize_height(image, height);
  return image.width == width ? resized : transposed(resize_height(transposed(resized), width));
}

Image resize_by(const Image& image, double factor) {
  auto side = [factor](int pixels) { return std::max(1, static_cast<int>(std::lround(pixels * factor))); };
  return resize(image, side(image.width), side(image.height));
}

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

}  // namespace agewise::image
