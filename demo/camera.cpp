#include "demo/camera.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "agewise/image/resize.h"

namespace agewise::demo {
namespace {

// Out of focus: made smaller and larger again.
image::Image blurred(const image::Image& image, double by) {
  int width = std::max(1, static_cast<int>(image.width / by)),
      height = std::max(1, static_cast<int>(image.height / by));
  return image::resize(image::resize(image, width, height), image.width, image.height);
}

// Values by contrast, brightness and gamma.
std::array<std::uint8_t, 256> tone_curve(double contrast, double brightness, double gamma) {
  std::array<std::uint8_t, 256> curve{};
  for (int i = 0; i < 256; ++i) {
    double value = std::pow(i / 255.0, gamma);
    curve[i] = static_cast<std::uint8_t>(std::clamp(255 * ((value - 0.5) * contrast + 0.5 + brightness), 0.0, 255.0));
  }
  return curve;
}

void develop(image::Image& image, base::Random& random) {
  double contrast = random.uniform(0.75, 1.15), brightness = 0.06 * random.normal();
  std::array<std::array<std::uint8_t, 256>, 3> curves;
  double gamma = std::exp(0.15 * random.normal());
  for (auto& curve : curves) curve = tone_curve(contrast, brightness, gamma * std::exp(0.05 * random.normal()));
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = curves[i % image.channels][image.pixels[i]];
}

// Grain: each half of a random word makes one value, the sum of its two bytes.
void add_grain(image::Image& image, double deviation, base::Random& random) {
  constexpr double kDeviationOfSum = 104.5;  // of two uniform bytes
  auto scale = static_cast<int>(deviation / kDeviationOfSum * 65536);
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    word = i % 2 == 0 ? random.bits() : word >> 16;
    int sum = static_cast<int>((word & 255) + (word >> 8 & 255)) - 255;
    image.pixels[i] = static_cast<std::uint8_t>(std::clamp(image.pixels[i] + ((sum * scale) >> 16), 0, 255));
  }
}

}  // namespace

image::Image photographed(image::Image image, base::Random& random) {
  if (random.uniform() < 0.14) image = image::to_grey(std::move(image));
  double focus = std::abs(random.normal());
  if (focus > 0.8) image = blurred(image, 1 + 0.6 * (focus - 0.8));
  develop(image, random);
  add_grain(image, random.uniform(1, 9), random);
  return image;
}

}  // namespace agewise::demo
