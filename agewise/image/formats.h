// One decoder a format; decode.cpp chooses. Each fills `info` and returns an upright picture in sRGB, RGB or grey, or
// throws BadPicture.
#pragma once
#include <span>
#include <stdexcept>
#include <string>

#include "agewise/image/decode.h"

namespace agewise::image {

// Stays within the room: decode() turns it into Decoded::problem.
struct BadPicture : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Bytes = std::span<const std::byte>;

// `reduction`: as in Decoded.
Image decode_jpeg(Bytes file, const DecodeOptions& options, PictureInfo& info, int& reduction);
Image decode_png(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_webp(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_heif(Bytes file, const DecodeOptions& options, PictureInfo& info);  // AVIF too
Image decode_gif(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_bmp(Bytes file, const DecodeOptions& options, PictureInfo& info);
Image decode_tiff(Bytes file, const DecodeOptions& options, PictureInfo& info);

// The orientation tag of an EXIF block (with or without the "Exif\0\0" before it), 1 where it says none or nonsense.
int exif_orientation(Bytes block);

// Throws if a picture of this size is empty or has more pixels than the options allow.
void check_size(int width, int height, const DecodeOptions& options);

// RGBA pixels over white.
Image over_white(int width, int height, const std::uint8_t* rgba);

}  // namespace agewise::image
