#include "agewise/face/turn.h"

#include <cmath>
#include <numbers>

#include "agewise/image/warp.h"

namespace agewise::face {

Turn turn_about(Point from, double degrees, Point to) {
  double quarters = degrees / 90;
  Turn turn;
  if (quarters == std::floor(quarters)) {
    int quarter = static_cast<int>(std::fmod(std::fmod(quarters, 4) + 4, 4));
    turn.cosine = quarter % 2 == 1 ? 0 : 1 - quarter;
    turn.sine = quarter % 2 == 0 ? 0 : 2 - quarter;
  } else {
    turn.cosine = std::cos(degrees * std::numbers::pi / 180);
    turn.sine = std::sin(degrees * std::numbers::pi / 180);
  }
  Point moved = turn(from);
  turn.shift = {to.x - moved.x, to.y - moved.y};
  return turn;
}

image::Image turned(const image::Image& picture, const Turn& to_source, int width, int height) {
  return image::warp(
      picture,
      {to_source.cosine, -to_source.sine, to_source.shift.x, to_source.sine, to_source.cosine, to_source.shift.y},
      width, height);
}

}  // namespace agewise::face
