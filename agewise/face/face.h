// A face in a picture.
#pragma once
#include <array>

#include "agewise/face/turn.h"
#include "agewise/image/image.h"

namespace agewise::face {

// Eyes, nose, corners of the mouth; of an upright face seen from the front the left ones of the picture come first.
struct Landmarks {
  Point left_eye, right_eye, nose, left_mouth, right_mouth;
};

struct Face {
  image::Box box;    // upright, in pixels of the picture …
  double angle = 0;  // … then turned about its middle by so many degrees, clockwise: how the face lies in the picture
  double score = 0;  // the detector's: above its threshold, more is surer
};

// All four sides times the factor.
inline image::Box scaled(const image::Box& box, double factor) {
  return {box.left * factor, box.top * factor, box.right * factor, box.bottom * factor};
}

inline Point middle(const image::Box& box) { return {(box.left + box.right) / 2, (box.top + box.bottom) / 2}; }

}  // namespace agewise::face
