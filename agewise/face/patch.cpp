#include "agewise/face/patch.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "agewise/image/warp.h"

namespace agewise::face {
namespace {

// Each new pixel is the mean of 2 × 2 old ones; an odd last row or column counts twice.
image::Image halved(const image::Image& image) {
  image::Image half = image::make_image((image.width + 1) / 2, (image.height + 1) / 2, image.channels);
  const int channels = image.channels, whole = image.width / 2;
  for (int y = 0; y < half.height; ++y) {
    const std::uint8_t *above = image.row(2 * y), *below = image.row(std::min(2 * y + 1, image.height - 1));
    std::uint8_t* to = half.row(y);
    auto mean = [&](int left, int right) {
      return static_cast<std::uint8_t>((above[left] + above[right] + below[left] + below[right] + 2) >> 2);
    };
    for (int x = 0; x < whole; ++x) {
      for (int c = 0; c < channels; ++c) to[x * channels + c] = mean(2 * x * channels + c, (2 * x + 1) * channels + c);
    }
    if (whole == half.width) continue;
    for (int c = 0; c < channels; ++c)
      to[whole * channels + c] = mean(2 * whole * channels + c, 2 * whole * channels + c);
  }
  return half;
}

}  // namespace

const image::Image& Halves::level(std::size_t number) {
  while (halves_.size() < number) halves_.push_back(halved(halves_.empty() ? picture_ : halves_.back()));
  return number == 0 ? picture_ : halves_[number - 1];
}

image::Image Halves::view(const Square& square, int size) {
  double step = square.side / size;  // pixels of the picture to one of the view
  if (!(step > 0 && step < 1e6)) throw std::invalid_argument("a square that is empty, not finite or far outside");
  std::size_t number = 0;
  double by = 1;
  while (step * by >= 2) by /= 2, ++number;
  Turn turn = turn_about({0, 0}, square.angle, {0, 0});
  double xx = turn.cosine * step * by, yx = turn.sine * step * by, half = size / 2.0;
  image::Affine map{xx, -yx, square.middle.x * by - half * (xx - yx), yx, xx, square.middle.y * by - half * (yx + xx)};
  return image::warp(level(number), map, size, size);
}

Square candidate_square(const image::Box& box) { return {middle(box), kPatchMargin * side_of(box)}; }

image::Image candidate_patch(Halves& picture, const image::Box& box) {
  return picture.view(candidate_square(box), kPatchPixels);
}

}  // namespace agewise::face
