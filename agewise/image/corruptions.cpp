#include "agewise/image/corruptions.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "agewise/base/random.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/image/resize.h"

namespace agewise::image {
namespace {

// Sums of four bytes lie around 510 with a variance of 4 · (256² - 1) / 12.
constexpr float kMeanOfFour = 510, kDeviationOfFour = 147.8F;

int sum_of_bytes(std::uint32_t word) {
  return static_cast<int>((word & 0xFF) + ((word >> 8) & 0xFF) + ((word >> 16) & 0xFF) + (word >> 24));
}

}  // namespace

Image blurred(const Image& image, double factor) {
  auto smaller = [&](int side) { return std::max(1, static_cast<int>(std::lround(side / factor))); };
  return resize(resize(image, smaller(image.width), smaller(image.height)), image.width, image.height);
}

void add_noise(Image& image, double deviation, std::uint64_t seed) {
  base::Random random(seed, base::Purpose::augment);
  float scale = static_cast<float>(deviation) / kDeviationOfFour;
  for (std::uint8_t& sample : image.pixels) {
    float noise = (static_cast<float>(sum_of_bytes(random.bits())) - kMeanOfFour) * scale;
    sample = static_cast<std::uint8_t>(std::clamp(std::lround(static_cast<float>(sample) + noise), 0L, 255L));
  }
}

Image through_jpeg(const Image& image, int quality) {
  Decoded decoded = decode(encode_jpeg(image, quality));
  if (!decoded.image) throw std::logic_error("a JPEG that was just encoded: " + decoded.problem);
  return std::move(*decoded.image);
}

void erase(Image& image, const Patch& patch, std::uint64_t seed) {
  base::Random random(seed, base::Purpose::augment);
  int left = std::clamp(patch.left, 0, image.width), right = std::clamp(patch.right, left, image.width);
  for (int y = std::max(0, patch.top); y < std::min(patch.bottom, image.height); ++y) {
    std::uint8_t* row = image.row(y);
    for (int i = left * image.channels; i < right * image.channels; ++i) {
      row[i] = static_cast<std::uint8_t>(random.bits() >> 24);
    }
  }
}

}  // namespace agewise::image
