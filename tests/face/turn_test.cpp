#include "agewise/face/turn.h"

#include <gtest/gtest.h>

#include <cmath>

namespace agewise::face {
namespace {

image::Image letters() { return {3, 2, 1, {'a', 'b', 'c', 'd', 'e', 'f'}}; }

std::string text(const image::Image& image) { return {image.pixels.begin(), image.pixels.end()}; }

TEST(Turned, by_nothing_is_the_picture_moved_with_its_border_repeated) {
  EXPECT_EQ(text(turned(letters(), {}, 3, 2)), "abcdef");
  EXPECT_EQ(text(turned(letters(), {1, 0, {-1, -1}}, 5, 4)), "aabccaabccddeffddeff");
}

// By a quarter clockwise the left column becomes the top row, read upwards.
TEST(Turned, by_quarters_is_exact) {
  // `to_source` goes from the turned picture back: -90 turns it clockwise.
  EXPECT_EQ(text(turned(letters(), turn_about({1, 1.5}, -90, {1.5, 1}), 2, 3)), "daebfc");
  EXPECT_EQ(text(turned(letters(), turn_about({1, 1.5}, 270, {1.5, 1}), 2, 3)), "daebfc");
  EXPECT_EQ(text(turned(letters(), turn_about({1.5, 1}, 180, {1.5, 1}), 3, 2)), "fedcba");
}

// Half a pixel on: the mean of two.
TEST(Turned, interpolates_between_pixels) {
  image::Image two{2, 1, 3, {10, 20, 30, 20, 40, 90}};
  EXPECT_EQ(turned(two, {1, 0, {0.5, 0}}, 1, 1).pixels, (std::vector<std::uint8_t>{15, 30, 60}));
}

// cos 30° = √3/2, sin 30° = 1/2; y runs down, so that clockwise takes (1, 0) below the x axis.
TEST(TurnAbout, is_clockwise_in_degrees_and_moves_the_point_it_turns_about) {
  Turn turn = turn_about({10, 20}, 30, {1, 2});
  Point still = turn({10, 20}), right = turn({11, 20});
  EXPECT_NEAR(still.x, 1, 1e-12);
  EXPECT_NEAR(still.y, 2, 1e-12);
  EXPECT_NEAR(right.x, 1 + std::sqrt(3.0) / 2, 1e-12);
  EXPECT_NEAR(right.y, 2.5, 1e-12);
}

}  // namespace
}  // namespace agewise::face
