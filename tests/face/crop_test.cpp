#include "agewise/face/crop.h"

#include <gtest/gtest.h>

namespace agewise {
namespace {

// A face of 100 × 200 at (50, 60): DEX adds 40 on the left and right, 80 above and below.
TEST(WithMargin, adds_dex_s_forty_percent_on_each_side) {
  Box box = with_margin({50, 60, 150, 260}, 0.4);
  EXPECT_EQ(box.left, 10);
  EXPECT_EQ(box.top, -20);
  EXPECT_EQ(box.right, 190);
  EXPECT_EQ(box.bottom, 340);
}

// 0.4 · 25 = 10 but 0.1 · 25 = 2.5: 0 - 2.5 and 25 + 2.5 are both rounded away from zero.
TEST(WithMargin, rounds_halves_away_from_zero) {
  Box box = with_margin({0, 0, 25, 25}, 0.1);
  EXPECT_EQ(box.left, -3);
  EXPECT_EQ(box.right, 28);
}

TEST(WithMargin, a_negative_margin_narrows) {
  Box box = with_margin({0, 0, 100, 100}, -0.1);
  EXPECT_EQ(box.left, 10);
  EXPECT_EQ(box.bottom, 90);
}

}  // namespace
}  // namespace agewise
