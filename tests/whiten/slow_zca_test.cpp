// The article's size: /usr/bin/time -v build/release/whiten_test --gtest_filter='Slow*' measures time and memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "agewise/base/random.h"
#include "agewise/whiten/zca.h"

namespace agewise::whiten {
namespace {

constexpr int kSide = 128, kDimensions = kSide * kSide, kSamples = 7000;

// Grey pictures whose neighbouring pixels are alike, as those of photographs are.
std::vector<float> smooth_pictures() {
  std::vector<float> images(std::size_t{kSamples} * kDimensions);
  for (std::uint32_t i = 0; i < kSamples; ++i) {
    base::Random random(1, base::Purpose::test, 0, i);
    float* image = images.data() + std::size_t{i} * kDimensions;
    for (int p = 0; p < kDimensions; ++p) {
      float left = p % kSide > 0 ? image[p - 1] : 128, above = p >= kSide ? image[p - kSide] : 128;
      float fresh = static_cast<float>(random.uniform(-30, 30));
      image[p] = std::clamp(0.5F * (left + above) + fresh, 0.0F, 255.0F);
    }
  }
  return images;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// 10,000 pictures less their test part (30 %).
TEST(SlowZca, whitens_seven_thousand_pictures_of_128_in_two_and_a_half_gigabytes) {
  std::vector<float> images = smooth_pictures();
  base::StopFlag stop{false};
  Zca zca = fit_zca(images, kDimensions, recipe::WhitenRecipe{recipe::Whitening::zca}, stop);
  EXPECT_EQ(zca.components(), kSamples - 1);
  EXPECT_LT(peak_megabytes(), 2500);
}

}  // namespace
}  // namespace agewise::whiten
