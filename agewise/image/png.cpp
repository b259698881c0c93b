#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <string_view>

#include "agewise/image/encode.h"
#include "agewise/image/profile.h"

namespace agewise::image {
namespace {

constexpr std::size_t kEndOfHeader = 33;  // signature and IHDR

// Length, name, content and CRC-32.
constexpr std::string_view kSoftwareMark("\0\0\0\x10tEXtSoftware\0agewise\x54\xC8\xEE\xF8", 28);

// Frees what a png_image holds on every way out.
struct PngImage {
  png_image image{};
  PngImage() { image.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
};

int channels_of_colour_type(int type) {
  switch (type) {
    case PNG_COLOR_TYPE_GRAY:
      return 1;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return 2;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return 4;
    default:
      return 3;  // RGB, palette
  }
}

std::uint32_t big_endian(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::byte byte : bytes.first(4)) value = value << 8 | std::to_integer<std::uint32_t>(byte);
  return value;
}

// Chunks that libpng's simple interface passes over.
struct Extras {
  int orientation = 1;
  Bytes profile;  // as stored: a name, a zero, the method of compression (0), the profile compressed
};

// After the signature a file is chunks of length, name, data and checksum. Throws if the file ends before the last one:
// libpng is content once it has all pixels, and may allocate as much as a chunk says it holds.
Extras extras_of(Bytes file) {
  Extras extras;
  for (Bytes rest = file.subspan(8); rest.size() >= 12;) {
    std::size_t length = big_endian(rest);
    if (length > rest.size() - 12) break;
    std::string_view name(reinterpret_cast<const char*>(rest.data()) + 4, 4);
    if (name == "eXIf") extras.orientation = exif_orientation(rest.subspan(8, length));
    if (name == "iCCP") extras.profile = rest.subspan(8, length);
    if (name == "IEND") return extras;
    rest = rest.subspan(12 + length);
  }
  throw BadPicture("cut short");
}

// Nothing where it is broken, or larger than profiles are.
std::vector<std::byte> inflated_profile(Bytes chunk) {
  constexpr std::size_t kLongestName = 79, kLargest = std::size_t{4} << 20;
  auto name_end = std::find(chunk.begin(), chunk.begin() + std::min(chunk.size(), kLongestName + 1), std::byte{0});
  auto start = static_cast<std::size_t>(name_end - chunk.begin()) + 2;
  if (start >= chunk.size()) return {};
  Bytes packed = chunk.subspan(start);
  std::vector<std::byte> profile(std::min(kLargest, packed.size() * 1032 + 64));  // deflate's largest ratio
  uLongf size = profile.size();
  if (uncompress(reinterpret_cast<Bytef*>(profile.data()), &size, reinterpret_cast<const Bytef*>(packed.data()),
                 packed.size()) != Z_OK)
    return {};
  profile.resize(size);
  return profile;
}

}  // namespace

Image decode_png(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  if (file.size() < kEndOfHeader) throw BadPicture("cut short in its header");
  info.bits = std::to_integer<int>(file[24]);
  info.channels = channels_of_colour_type(std::to_integer<int>(file[25]));
  Extras extras = extras_of(file);
  info.orientation = extras.orientation;
  PngImage png;
  if (png_image_begin_read_from_memory(&png.image, file.data(), file.size()) == 0) throw BadPicture(png.image.message);
  info.width = static_cast<int>(png.image.width);
  info.height = static_cast<int>(png.image.height);
  check_size(info.width, info.height, options);
  // 16-bit samples are taken as sRGB like all others; libpng would think them linear and brighten them.
  png.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  bool alpha = (png.image.format & PNG_FORMAT_FLAG_ALPHA) != 0,
       colour = (png.image.format & PNG_FORMAT_FLAG_COLOR) != 0;
  png.image.format = alpha ? PNG_FORMAT_RGBA : colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(png.image));
  if (png_image_finish_read(&png.image, nullptr, pixels.data(), 0, nullptr) == 0) throw BadPicture(png.image.message);
  Image image = alpha ? over_white(info.width, info.height, pixels.data())
                      : Image{info.width, info.height, colour ? 3 : 1, std::move(pixels)};
  return turned_upright(in_srgb(std::move(image), inflated_profile(extras.profile)), info.orientation);
}

std::vector<std::byte> encode_png(const Image& image) {
  PngImage png;
  png.image.width = static_cast<png_uint_32>(image.width);
  png.image.height = static_cast<png_uint_32>(image.height);
  png.image.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::vector<std::byte> file(size);
  if (png_image_write_to_memory(&png.image, file.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0) {
    throw std::runtime_error(std::string("cannot encode a PNG: ") + png.image.message);
  }
  file.resize(size);
  return file;
}

std::vector<std::byte> with_software_mark(std::vector<std::byte> png) {
  const auto* mark = reinterpret_cast<const std::byte*>(kSoftwareMark.data());
  png.insert(png.begin() + kEndOfHeader, mark, mark + kSoftwareMark.size());
  return png;
}

bool has_software_mark(std::string_view beginning) {
  return beginning.size() >= kEndOfHeader + kSoftwareMark.size() &&
         beginning.substr(kEndOfHeader, kSoftwareMark.size()) == kSoftwareMark;
}

}  // namespace agewise::image
