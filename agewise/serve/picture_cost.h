// How long a picture takes to decode, by its header.
#pragma once
#include "agewise/image/decode.h"

namespace agewise::serve {

// Seconds on one core of 2024, roughly: what a decoder takes of each pixel, of whatever content.
double decoding_cost(const image::PictureInfo& info);

// Whether others should not have to wait for it: about a sixth of a second and more. A JPEG is from 16 megapixels on, a
// progressive one, PNG, GIF and TIFF from 4, WebP and BMP from 8; HEIC and AVIF always, since the size that their
// header tells need not be that of what is decoded.
bool is_large(const image::PictureInfo& info);

}  // namespace agewise::serve
