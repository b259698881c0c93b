#include "agewise/library/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/image/formats.h"

namespace agewise::library {
namespace {

int bytes_per_pixel(PixelFormat format) {
  switch (format) {
    case PixelFormat::grey:
      return 1;
    case PixelFormat::rgb:
    case PixelFormat::bgr:
      return 3;
    case PixelFormat::rgba:
    case PixelFormat::bgra:
      return 4;
  }
  throw base::UsageError(fmt::format("pixel format {} does not exist", static_cast<int>(format)));
}

std::ptrdiff_t checked_stride(const ImageView& view, int bytes) {
  if (view.data == nullptr || view.width < 1 || view.height < 1)
    throw base::UsageError(fmt::format("an image must have pixels: this one is {}×{}{}", view.width, view.height,
                                       view.data == nullptr ? ", and its data is NULL" : ""));
  auto row = static_cast<std::ptrdiff_t>(view.width) * bytes;
  if (view.stride == 0) return row;
  if (view.stride < row) {
    throw base::UsageError(fmt::format("a stride of {} bytes is shorter than a row, {} pixels of {} bytes", view.stride,
                                       view.width, bytes));
  }
  return view.stride;
}

}  // namespace

image::Image picture_of(const ImageView& view) {
  int bytes = bytes_per_pixel(view.format);
  std::ptrdiff_t stride = checked_stride(view, bytes);
  auto row_bytes = static_cast<std::size_t>(view.width) * static_cast<std::size_t>(bytes);
  image::Image picture{view.width, view.height, bytes, {}};
  picture.pixels.reserve(row_bytes * static_cast<std::size_t>(view.height));
  for (int y = 0; y < view.height; ++y) {
    const std::uint8_t* row = view.data + y * stride;
    picture.pixels.insert(picture.pixels.end(), row, row + row_bytes);
  }
  if (view.format == PixelFormat::bgr || view.format == PixelFormat::bgra) {
    for (std::size_t i = 0; i < picture.pixels.size(); i += static_cast<std::size_t>(bytes))
      std::swap(picture.pixels[i], picture.pixels[i + 2]);
  }
  return bytes == 4 ? image::over_white(view.width, view.height, picture.pixels.data()) : picture;
}

}  // namespace agewise::library
