#include "agewise/face/geometry.h"

#include <array>
#include <cmath>
#include <numbers>

namespace agewise::face {
namespace {

Point mean_of(const Landmarks& points) {
  Point sum;
  for (Point Landmarks::*point : kAllPoints) sum = {sum.x + (points.*point).x / 5, sum.y + (points.*point).y / 5};
  return sum;
}

// The box's side is kOfSpread times the points' spread and kOfBox times the geometric mean of YuNet's sides; its middle
// lies kAcross and kAlong sides from the mean of the points, along the face.
constexpr double kOfSpread = 0.83, kOfBox = 0.47, kAcross = -0.0067, kAlong = -0.0139;

// An upright face's points about their mean: ArcFace's (Deng et al., CVPR 2019), in its 112 × 112 pixels, made
// symmetric.
constexpr std::array<Point, 5> kUpright{{{-17.6, -20.3}, {17.6, -20.3}, {0, -0.2}, {-14.6, 20.4}, {14.6, 20.4}}};

}  // namespace

double angle_of(const Landmarks& points) {
  Point mean = mean_of(points);
  double along = 0, across = 0;
  for (std::size_t i = 0; i < kAllPoints.size(); ++i) {
    Point at = points.*kAllPoints[i];
    double x = at.x - mean.x, y = at.y - mean.y;
    along += kUpright[i].x * x + kUpright[i].y * y;
    across += kUpright[i].x * y - kUpright[i].y * x;
  }
  return std::atan2(across, along) * 180 / std::numbers::pi;
}

double spread_of(const Landmarks& points) {
  Point mean = mean_of(points);
  double sum = 0;
  for (Point Landmarks::*point : kAllPoints) {
    Point at = points.*point;
    sum += (at.x - mean.x) * (at.x - mean.x) + (at.y - mean.y) * (at.y - mean.y);
  }
  return std::sqrt(sum);
}

image::Box box_of(const Landmarks& points, const image::Box& own) {
  double side = kOfSpread * spread_of(points) + kOfBox * side_of(own);
  Point at = turn_about({0, 0}, angle_of(points), mean_of(points))({kAcross * side, kAlong * side});
  return {at.x - side / 2, at.y - side / 2, at.x + side / 2, at.y + side / 2};
}

}  // namespace agewise::face
