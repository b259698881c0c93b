// Changing a picture's size.
#pragma once
#include "agewise/image/image.h"

namespace agewise::image {

// To width × height, aspect not kept. Shrinking averages over the pixels that a new one covers (triangle filter of that
// width, as Pillow's BILINEAR does), enlarging interpolates linearly; outside the picture its border repeats.
Image resize(const Image& image, int width, int height);
// Both sides times the factor, rounded, at least one pixel.
Image resize_by(const Image& image, double factor);

// The part under `box` squeezed to width × height, aspect not kept, as in DEX; outside the picture its border pixels
// are repeated. The box is rounded to whole pixels, half away from zero. Throws std::invalid_argument if it is empty or
// not finite.
Image cut_out(const Image& picture, Box box, int width, int height);

}  // namespace agewise::image
