// By stb_image, a single header in the public domain of which only the reader of BMP is compiled: of Debian's libraries
// that read BMP it is the smallest by far, and being compiled here it is fuzzed with all else. It takes what a file
// lacks for black: that all is there is checked before.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_MAX_DIMENSIONS 65535
#include <stb/stb_image.h>

#include <cstdlib>
#include <limits>
#include <memory>

#include "agewise/image/formats.h"

namespace agewise::image {
namespace {

std::int64_t little_endian(Bytes file, std::size_t at, int bytes) {
  std::uint32_t value = 0;
  for (int i = bytes - 1; i >= 0; --i)
    value = value << 8 | std::to_integer<std::uint32_t>(file[at + static_cast<std::size_t>(i)]);
  return bytes == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

// The header's sizes; throws where it is not one, or the file is shorter than it says.
PictureInfo read_header(Bytes file) {
  constexpr std::size_t kShortest = 54;  // of Windows' header; that of OS/2 1.x has 26 bytes
  if (file.size() < 26) throw BadPicture("cut short in its header");
  std::int64_t start = little_endian(file, 10, 4), header = little_endian(file, 14, 4);
  bool os2 = header == 12;
  if (!os2 && file.size() < kShortest) throw BadPicture("cut short in its header");
  std::int64_t width = little_endian(file, 18, os2 ? 2 : 4), height = little_endian(file, os2 ? 20 : 22, os2 ? 2 : 4);
  std::int64_t bits = little_endian(file, os2 ? 24 : 28, 2), compression = os2 ? 0 : little_endian(file, 30, 4);
  if (compression != 0 && compression != 3)
    throw BadPicture("a compressed BMP, which is not supported: save it as PNG");
  height = std::abs(height);  // negative: from the top
  constexpr std::int64_t kLongest = STBI_MAX_DIMENSIONS;
  if (width < 1 || height < 1) throw BadPicture("has no pixels");
  if (width > kLongest || height > kLongest) throw BadPicture("is wider or taller than 65535 pixels");
  if (bits < 1 || bits > 32) throw BadPicture("broken in its header");
  std::int64_t row_bytes = (width * bits + 31) / 32 * 4;
  if (start < 0 || start + row_bytes * height > static_cast<std::int64_t>(file.size())) throw BadPicture("cut short");
  PictureInfo info;
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  info.channels = bits == 32 && compression == 3 ? 4 : 3;  // else the fourth byte is reserved
  info.bits = bits < 8 ? static_cast<int>(bits) : 8;
  return info;
}

struct Free {
  void operator()(stbi_uc* memory) const { std::free(memory); }
};

}  // namespace

Image decode_bmp(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  PictureInfo header = read_header(file);
  header.kind = info.kind;
  info = header;
  check_size(info.width, info.height, options);
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) throw BadPicture("is larger than 2 GB");
  int width = 0, height = 0, in_file = 0;
  std::unique_ptr<stbi_uc, Free> pixels(stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                                                              static_cast<int>(file.size()), &width, &height, &in_file,
                                                              info.channels));
  if (!pixels || width != info.width || height != info.height)
    throw BadPicture("broken, or an unsupported kind of BMP: save it as PNG");
  if (info.channels == 4) return over_white(width, height, pixels.get());
  return {width, height, 3, {pixels.get(), pixels.get() + static_cast<std::size_t>(width) * height * 3}};
}

}  // namespace agewise::image
