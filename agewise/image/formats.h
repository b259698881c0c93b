// One decoder a format; decode.cpp chooses. Each fills `info` and returns an RGB or grey picture (upright only where
// the format itself says how), or throws BadPicture.
#pragma once
#include <span>
#include <stdexcept>
#include <string>

#include "agewise/image/decode.h"

namespace agewise {

// Stays within the room: decode() turns it into Decoded::problem.
struct BadPicture : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Bytes = std::span<const std::byte>;

Image decode_jpeg(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_png(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_webp(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_heif(Bytes file, const DecodeOptions& options, PictureInfo& info);

// EXIF's orientation tag of a JPEG, 1 where there is none.
int jpeg_orientation(Bytes file);

// Throws if a picture of this size is empty or has more pixels than the options allow.
void check_size(int width, int height, const DecodeOptions& options);

// RGBA pixels over white.
Image over_white(int width, int height, const std::uint8_t* rgba);

}  // namespace agewise
