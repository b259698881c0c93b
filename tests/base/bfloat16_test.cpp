#include "agewise/base/bfloat16.h"

#include <gtest/gtest.h>

#include <limits>

namespace agewise::base {
namespace {

float rounded(float value) { return to_float(to_bfloat16(value)); }

// π is 0x40490FDB as a float: 3.140625 is 0x4049 in its first 16 bits.
TEST(Bfloat16, is_the_first_half_of_a_float) {
  EXPECT_EQ(to_bfloat16(1.0F).bits, 0x3F80);
  EXPECT_EQ(to_bfloat16(3.14159274F).bits, 0x4049);
  EXPECT_EQ(rounded(3.14159274F), 3.140625F);
  EXPECT_EQ(rounded(-0.0F), 0.0F);
  EXPECT_TRUE(std::signbit(rounded(-0.0F)));
  EXPECT_EQ(rounded(1e-38F), to_float({0x006D}));  // 1e-38 is 0x006CE3EE
}

// Next to 1 numbers are 1/128 apart: halves go to the even one.
TEST(Bfloat16, is_the_nearest_of_two_equally_near_the_even_one) {
  EXPECT_EQ(rounded(1 + 1.0F / 256), 1.0F);
  EXPECT_EQ(rounded(1 + 3.0F / 256), 1 + 4.0F / 256);
  EXPECT_EQ(rounded(1 + 1.01F / 256), 1 + 2.0F / 256);
}

TEST(Bfloat16, keeps_what_is_infinite_or_not_a_number) {
  constexpr float kInfinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(rounded(-kInfinite), -kInfinite);
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), kInfinite);
  EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7F800001U)))) << "one whose bits all lie in the lost half";
}

// 256 and 257 are 0x4380 and between 0x4380 and 0x4381: a small summand is lost.
TEST(Bfloat16, sums_are_rounded) {
  EXPECT_EQ(to_float(sum_of(to_bfloat16(256), to_bfloat16(0.5F))), 256);
  EXPECT_EQ(to_float(sum_of(to_bfloat16(1.5F), to_bfloat16(-0.25F))), 1.25F);
}

}  // namespace
}  // namespace agewise::base
