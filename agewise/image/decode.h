// Bytes of a picture file to an upright picture. Every file is hostile until checked.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "agewise/image/image.h"
#include "agewise/image/kinds.h"

namespace agewise::image {

// What the file says of itself, before any conversion.
struct PictureInfo {
  FileKind kind = FileKind::unknown;
  int width = 0, height = 0;   // as stored: not turned by the orientation tag
  int channels = 0;            // 1 grey, 2 grey + alpha, 3 RGB or YCbCr, 4 RGBA or CMYK
  int bits = 8;                // a sample
  int orientation = 1;         // EXIF's tag: the stored picture is to be turned so to stand upright
  bool several_scans = false;  // a JPEG that goes over the picture several times, as progressive ones do
};

struct DecodeOptions {
  bool grey = false;      // decode straight to grey where the format can
  int enough_pixels = 0;  // > 0: the caller will shrink both sides to so many; a JPEG may then be decoded at 1/2, 1/4
                          // or 1/8 of its size, the smallest whose sides are still both at least as long
  int enough_longer_side = 0;              // > 0: the same, but only the longer side need be so long
  std::uint64_t max_pixels = 200'000'000;  // in memory at once, after a JPEG's reduction
  bool reduce_to_fit = false;              // a JPEG of more than max_pixels is decoded at the first of those that fits
  std::function<bool()> takes_too_long = {};  // if set, asked now and then while a JPEG is decoded: true ends it
};

struct Decoded {
  PictureInfo info;
  std::optional<Image> image;  // upright by the EXIF orientation; transparent parts over white; nothing if broken
  int reduction = 1;           // both sides of the image are so many times shorter than stored, rounded up: 1, 2, 4, 8
  std::string problem;         // why there is no image, in a few words
};

// JPEG (grey, YCbCr, RGB, CMYK, YCCK), PNG (all types, 16 bit), WebP, HEIC, AVIF, GIF, BMP, TIFF; told apart by
// content, not by name. Of animations the first frame, of TIFF's pages the first. Colours are brought to sRGB where the
// file holds another profile (not in GIF and BMP). A truncated file is a problem, not half a picture; a JPEG that lacks
// only its end mark is whole. Any thread. Throws only std::bad_alloc.
Decoded decode(std::span<const std::byte> file, const DecodeOptions& options = {});

}  // namespace agewise::image
