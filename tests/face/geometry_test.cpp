#include "agewise/face/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

namespace agewise::face {
namespace {

// A face of which all is known: eyes 4 apart, the mouth 3 below them and 2 wide, the nose in the middle of all.
constexpr Landmarks kFace{{-2, -1.5}, {2, -1.5}, {0, 0}, {-1, 1.5}, {1, 1.5}};

Landmarks turned_by(const Landmarks& p, double degrees, double size, Point to) {
  Turn turn = turn_about({0, 0}, degrees, {0, 0});
  return moved(p, [&](Point one) {
    Point at = turn({one.x * size, one.y * size});
    return Point{at.x + to.x, at.y + to.y};
  });
}

TEST(Spread, is_the_root_of_the_summed_squares) {
  // 2 · (4 + 2.25) + 2 · (1 + 2.25) = 19
  EXPECT_DOUBLE_EQ(spread_of(kFace), std::sqrt(19.0));
  EXPECT_NEAR(spread_of(turned_by(kFace, 77, 10, {40, -3})), 10 * std::sqrt(19.0), 1e-9);
}

TEST(Angle, is_that_by_which_an_upright_face_was_turned_clockwise) {
  EXPECT_NEAR(angle_of(kFace), 0, 1e-12);
  for (double angle : {-170.0, -90.0, -33.0, 12.0, 90.0, 179.0})
    EXPECT_NEAR(angle_of(turned_by(kFace, angle, 3, {5, 6})), angle, 1e-9);
}

// The eyes of a head that looks to the left lie nearly on one another, and which is left of which says nothing.
TEST(Angle, of_a_face_seen_from_the_side_is_that_of_the_line_from_its_eyes_to_its_mouth) {
  constexpr Landmarks kSide{{-0.4, -1.6}, {-0.6, -1.4}, {-2, 0}, {-1, 1.5}, {-0.8, 1.6}};
  for (double angle : {-90.0, 0.0, 45.0, 180.0})
    EXPECT_LT(std::abs(within_half_a_turn(angle_of(turned_by(kSide, angle, 3, {5, 6})) - angle)), 12);
}

TEST(BoxOf, follows_the_face_wherever_it_is_however_it_is_turned_and_scaled) {
  image::Box upright = box_of(kFace, {-3, -4, 3, 4});
  Point middle_of_upright = middle(upright);
  for (double angle : {0.0, 30.0, 90.0, -140.0}) {
    Landmarks points = turned_by(kFace, angle, 7, {100, 50});
    image::Box box = box_of(points, {100 - 21, 50 - 28, 100 + 21, 50 + 28});
    EXPECT_NEAR(box.right - box.left, 7 * (upright.right - upright.left), 1e-9);
    EXPECT_NEAR(box.bottom - box.top, box.right - box.left, 1e-9);
    Point expected = turn_about({0, 0}, angle, {100, 50})({7 * middle_of_upright.x, 7 * middle_of_upright.y});
    EXPECT_NEAR(middle(box).x, expected.x, 1e-9);
    EXPECT_NEAR(middle(box).y, expected.y, 1e-9);
  }
}

}  // namespace
}  // namespace agewise::face
