#include "agewise/serve/picture_cost.h"

namespace agewise::serve {
namespace {

constexpr double kLarge = 0.16;  // seconds

// Of a pixel, and of bringing it to sRGB and to the size that is looked at. A baseline JPEG is read at a smaller size
// right away.
double nanoseconds(const image::PictureInfo& info) {
  switch (info.kind) {
    case image::FileKind::jpeg:
      return info.several_scans ? 40 : 10;
    case image::FileKind::png:
    case image::FileKind::gif:
    case image::FileKind::tiff:
      return 40;
    case image::FileKind::webp:
    case image::FileKind::bmp:
      return 20;
    case image::FileKind::heif:
    case image::FileKind::avif:
      return 100;
    case image::FileKind::unknown:
      return 0;
  }
  return 0;
}

}  // namespace

double decoding_cost(const image::PictureInfo& info) { return 1e-9 * nanoseconds(info) * info.width * info.height; }

bool is_large(const image::PictureInfo& info) {
  bool untold = info.kind == image::FileKind::heif || info.kind == image::FileKind::avif;
  return untold || decoding_cost(info) > kLarge;
}

}  // namespace agewise::serve
