// A photograph with what was found in it.
#pragma once
#include <span>
#include <string>

#include "agewise/face/face.h"

namespace agewise::report {

struct Mark {
  face::Face face;
  std::string caption;  // one line, on a dark plate above the face; all of it lies within the picture
};

// The picture in colour, each face framed by its box, turned as the face is.
image::Image with_marks(const image::Image& picture, std::span<const Mark> marks);

}  // namespace agewise::report
