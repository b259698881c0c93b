#include "agewise/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace agewise::base {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Known answers of Random123 1.14 (kat_vectors, philox4x32 10).
TEST(Philox, gives_the_published_known_answers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, streams_of_other_seeds_purposes_epochs_and_samples_differ) {
  std::vector<std::uint32_t> firsts{Random(1, Purpose::shuffle).bits(), Random(2, Purpose::shuffle).bits(),
                                    Random(1, Purpose::dropout).bits(), Random(1, Purpose::shuffle, 1).bits(),
                                    Random(1, Purpose::shuffle, 0, 1).bits()};
  std::sort(firsts.begin(), firsts.end());
  EXPECT_EQ(std::unique(firsts.begin(), firsts.end()), firsts.end());
  EXPECT_EQ(Random(1, Purpose::shuffle).bits(), Random(1, Purpose::shuffle).bits());
}

// 100,000 draws: the means of the uniform (1/2, deviation 1/√12) and the normal (0, 1) within five deviations of the
// mean.
TEST(Random, uniform_and_normal_have_their_mean_and_deviation) {
  Random random(3, Purpose::test);
  constexpr int kDraws = 100000;
  double uniform = 0, normal = 0, square = 0;
  for (int i = 0; i < kDraws; ++i) {
    double u = random.uniform(), n = random.normal();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    uniform += u / kDraws;
    normal += n / kDraws;
    square += n * n / kDraws;
  }
  EXPECT_NEAR(uniform, 0.5, 5 / std::sqrt(12.0 * kDraws));
  EXPECT_NEAR(normal, 0, 5 / std::sqrt(1.0 * kDraws));
  EXPECT_NEAR(square, 1, 5 * std::sqrt(2.0 / kDraws));
}

// 60,000 throws of a die: chi-squared with 5 degrees of freedom exceeds 20.5 once in a thousand times.
TEST(Random, below_throws_a_fair_die) {
  Random random(4, Purpose::test);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[random.below(6)];
  double chi = 0;
  for (int count : counts) chi += std::pow(count - 10000, 2) / 10000;
  EXPECT_LT(chi, 20.5);
}

TEST(Random, shuffle_keeps_all_items) {
  std::vector<int> items(1000);
  std::iota(items.begin(), items.end(), 0);
  std::vector<int> shuffled = items;
  Random(5, Purpose::shuffle).shuffle(std::span(shuffled));
  EXPECT_NE(shuffled, items);
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, items);
}

}  // namespace
}  // namespace agewise::base
