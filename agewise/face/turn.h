// The picture turned, by any angle.
#pragma once
#include "agewise/image/image.h"

namespace agewise::face {

// A place in a picture: pixels, origin at the top left corner of the top left pixel, whose middle is (0.5, 0.5).
struct Point {
  double x = 0, y = 0;
};

// Turned about the origin and moved. Lengths are kept.
struct Turn {
  double cosine = 1, sine = 0;  // of the angle, clockwise as one sees it: y runs down
  Point shift;

  Point operator()(Point p) const { return {cosine * p.x - sine * p.y + shift.x, sine * p.x + cosine * p.y + shift.y}; }
};

// By `degrees` clockwise about `from`, which comes to lie at `to`. Exact for multiples of 90.
Turn turn_about(Point from, double degrees, Point to);

// width × height pixels, each taken where `to_source` sends its middle (agewise/image/warp.h).
image::Image turned(const image::Image& picture, const Turn& to_source, int width, int height);

}  // namespace agewise::face
