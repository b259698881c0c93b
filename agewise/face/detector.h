// What finds the faces of a photograph.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "agewise/face/face.h"
#include "agewise/image/image.h"
#include "agewise/recipe/recipe.h"

namespace agewise::face {

// A picture is made so small that its longer side has kWorkingSide pixels before faces are looked for.
inline constexpr int kWorkingSide = 640;
// What its sides are multiplied by for that; at most 1.
inline double working_scale(const image::Image& picture) {
  return std::min(1.0, static_cast<double>(kWorkingSide) / std::max(picture.width, picture.height));
}

// Not for several threads at once: one each.
class Detector {
 public:
  virtual ~Detector() = default;

  // The longest that it makes a picture's longer side, pixels: larger pictures may be decoded as small as that.
  virtual int side_looked_at() const = 0;

  // The faces of a picture, grey or RGB, strongest first, none overlapping a stronger one by much. Boxes are those that
  // DEX's detector would give; angles are between -180 (exclusive) and 180 degrees. With `everyone` it may look longer.
  // The time is bounded whatever the picture holds: docs/faces.md has figures.
  virtual std::vector<Face> find(const image::Image& picture, recipe::Rotations rotations, bool everyone) = 0;
};

// As a recipe's face.detector says: "yunet" comes with agewise (any_angle.h), "hog" is dlib's (hog.cpp), all else is a
// file with YuNet's weights (yunet_file.cpp), both looking at the picture turned (angle_search.h). Throws Error naming
// the file if it is another network.
std::unique_ptr<Detector> make_detector(const std::string& name_or_file);

}  // namespace agewise::face
