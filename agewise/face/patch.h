// Small views of a picture around a place in it, turned and scaled: what the networks behind the detector look at.
#pragma once
#include <vector>

#include "agewise/face/face.h"

namespace agewise::face {

// A square of a picture.
struct Square {
  Point middle;
  double side = 0;   // pixels of the picture
  double angle = 0;  // degrees, clockwise: how it lies in the picture
};

// A picture and its halves: a view of a large square reads a small copy of it, so that a view costs the same whatever
// the square's size. Keeps a reference to the picture.
class Halves {
 public:
  explicit Halves(const image::Image& picture) : picture_(picture) {}

  // `size` × `size` pixels, the square turned upright; outside the picture its border repeats. Each pixel is
  // interpolated between the nearest ones of the copy in which a new pixel is 1 to 2 old ones wide. Throws
  // std::invalid_argument for a square that is empty, not finite or far outside.
  image::Image view(const Square& square, int size);

 private:
  const image::Image& level(std::size_t number);  // 0: the picture, made half as large that many times

  const image::Image& picture_;
  std::vector<image::Image> halves_;
};

// What the angle network sees of a candidate (of YuNet's box): a square about the box's middle, not turned, its side
// kPatchMargin × √(width · height).
inline constexpr int kPatchPixels = 48;
inline constexpr double kPatchMargin = 1.4;
Square candidate_square(const image::Box& box);
image::Image candidate_patch(Halves& picture, const image::Box& box);  // kPatchPixels², the picture's channels

}  // namespace agewise::face
