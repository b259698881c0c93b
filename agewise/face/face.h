// A face in a picture.
#pragma once
#include <array>
#include <cmath>
#include <optional>

#include "agewise/face/turn.h"
#include "agewise/image/image.h"

namespace agewise::face {

// Eyes, nose, corners of the mouth; of an upright face seen from the front the left ones of the picture come first.
struct Landmarks {
  Point left_eye, right_eye, nose, left_mouth, right_mouth;
};
inline constexpr std::array<Point Landmarks::*, 5> kAllPoints{
    &Landmarks::left_eye, &Landmarks::right_eye, &Landmarks::nose, &Landmarks::left_mouth, &Landmarks::right_mouth};

// Each point where `move` takes it.
template <class Move>
Landmarks moved(Landmarks points, Move move) {
  for (Point Landmarks::*point : kAllPoints) points.*point = move(points.*point);
  return points;
}

struct Face {
  image::Box box;    // upright, in pixels of the picture …
  double angle = 0;  // … then turned about its middle by so many degrees, clockwise: how the face lies in the picture
  double score = 0;  // the detector's: above its threshold, more is surer
  std::optional<Landmarks> points = {};  // in pixels of the picture; HOG finds none
};

// All four sides times the factor.
inline image::Box scaled(const image::Box& box, double factor) {
  return {box.left * factor, box.top * factor, box.right * factor, box.bottom * factor};
}

// The same face in a picture of another size.
inline Landmarks scaled(const Landmarks& points, double factor) {
  return moved(points, [factor](Point p) { return Point{p.x * factor, p.y * factor}; });
}
inline Face scaled(Face face, double factor) {
  face.box = scaled(face.box, factor);
  if (face.points) face.points = scaled(*face.points, factor);
  return face;
}

// The same angle between -180 (exclusive) and 180 degrees.
inline double within_half_a_turn(double angle) { return angle - 360 * std::ceil(angle / 360 - 0.5); }

// The geometric mean of its sides.
inline double side_of(const image::Box& box) { return std::sqrt((box.right - box.left) * (box.bottom - box.top)); }

inline Point middle(const image::Box& box) { return {(box.left + box.right) / 2, (box.top + box.bottom) / 2}; }

}  // namespace agewise::face
