// Turning, shifting, enlarging and mirroring a picture in one go.
#pragma once
#include "agewise/image/image.h"

namespace agewise::image {

// Where a point of the new picture lies in the old one: x' = xx·x + xy·y + x0, y' = yx·x + yy·y + y0, in pixels from
// the top left corner (the middle of the first pixel is at ½, ½).
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
};

// A face turned by `angle` (degrees, clockwise as seen), enlarged `scale` times, then shifted, then mirrored where
// `mirrored`: the map to it from a new picture of width × height, in whose middle comes to lie what is at
// (centre_x, centre_y) of the old one.
struct Placement {
  double centre_x = 0, centre_y = 0;  // pixels of the old picture
  double shift_x = 0, shift_y = 0;    // pixels, to the right and down, before mirroring
  double angle = 0, scale = 1;
  bool mirrored = false;
};
Affine map_of(const Placement& placement, int width, int height);

// The new picture of width × height: each pixel by bilinear interpolation at its middle; outside the old picture its
// border repeats. A map of whole pixels without a turn gives the very pixels. Throws std::invalid_argument for numbers
// that are not finite or reach further than a million pixels.
Image warp(const Image& image, const Affine& map, int width, int height);

}  // namespace agewise::image
