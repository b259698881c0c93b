#include "agewise/face/geometry.h"

#include <array>
#include <cmath>
#include <numbers>

namespace agewise::face {
namespace {

std::array<Point, 5> all_of(const Landmarks& p) {
  return {p.left_eye, p.right_eye, p.nose, p.left_mouth, p.right_mouth};
}

Point mean_of(const Landmarks& points) {
  Point sum;
  for (const Point& one : all_of(points)) sum = {sum.x + one.x / 5, sum.y + one.y / 5};
  return sum;
}

// The box's side is kOfSpread times the points' spread and kOfBox times the geometric mean of YuNet's sides; its middle
// lies kAcross and kAlong sides from the mean of the points, along the face.
constexpr double kOfSpread = 0.83, kOfBox = 0.47, kAcross = -0.0067, kAlong = -0.0139;

}  // namespace

double angle_of(const Landmarks& points) {
  return std::atan2(points.right_eye.y - points.left_eye.y, points.right_eye.x - points.left_eye.x) * 180 /
         std::numbers::pi;
}

double spread_of(const Landmarks& points) {
  Point mean = mean_of(points);
  double sum = 0;
  for (const Point& one : all_of(points))
    sum += (one.x - mean.x) * (one.x - mean.x) + (one.y - mean.y) * (one.y - mean.y);
  return std::sqrt(sum);
}

image::Box box_of(const Landmarks& points, const image::Box& own) {
  double side = kOfSpread * spread_of(points) + kOfBox * side_of(own);
  Point at = turn_about({0, 0}, angle_of(points), mean_of(points))({kAcross * side, kAlong * side});
  return {at.x - side / 2, at.y - side / 2, at.x + side / 2, at.y + side / 2};
}

}  // namespace agewise::face
