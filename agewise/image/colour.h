// Changing a picture's light and colours: one matrix for whatever is wanted, applied in one pass.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include "agewise/image/image.h"

namespace agewise::image {

// (r, g, b, 1) to (r, g, b), a row a new channel; values 0 … 255. A grey picture is treated as one of three equal
// channels and takes the first row.
using ColourMatrix = std::array<std::array<float, 4>, 3>;

ColourMatrix no_change();
ColourMatrix brightness(double factor);                    // times the factor
ColourMatrix contrast(double factor, double mean);         // distances from `mean` times the factor
ColourMatrix saturation(double factor);                    // distances from the luma (ITU-R 601) times it; 0: grey
ColourMatrix hue(double degrees);                          // turned as W3C Filter Effects' hueRotate does
ColourMatrix tint(double red, double green, double blue);  // each channel times its factor
ColourMatrix then(const ColourMatrix& first, const ColourMatrix& second);

// Rounded, limited to 0 … 255 once, at the end.
void recolour(const ColourMatrix& matrix, Image& image);

double mean_luma(const Image& image);  // 0 … 255

// The sample nearest to the value.
inline std::uint8_t to_byte(float value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.5F)); }

}  // namespace agewise::image
