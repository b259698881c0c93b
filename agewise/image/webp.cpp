#include <webp/decode.h>

#include <algorithm>
#include <string_view>

#include "agewise/image/formats.h"

namespace agewise::image {
namespace {

// From the EXIF chunk. After "RIFF", size and "WEBP" a file is chunks of name, length and data, padded to even length.
int orientation_of(Bytes file) {
  for (Bytes rest = file.subspan(12); rest.size() >= 8;) {
    std::size_t length = 0;
    for (int i = 7; i >= 4; --i) length = length << 8 | std::to_integer<std::size_t>(rest[i]);
    if (length > rest.size() - 8) break;
    std::string_view name(reinterpret_cast<const char*>(rest.data()), 4);
    if (name == "EXIF") return exif_orientation(rest.subspan(8, length));
    rest = rest.subspan(std::min(8 + length + length % 2, rest.size()));
  }
  return 1;
}

}  // namespace

Image decode_webp(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(file.data());
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(data, file.size(), &features) != VP8_STATUS_OK)
    throw BadPicture("broken or cut short in its header");
  info.width = features.width;
  info.height = features.height;
  info.channels = features.has_alpha != 0 ? 4 : 3;
  check_size(info.width, info.height, options);
  if (features.has_animation != 0) throw BadPicture("an animation, not a picture");
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(info.width) * info.height * info.channels);
  int stride = info.width * info.channels;
  auto* decoded = info.channels == 4 ? WebPDecodeRGBAInto(data, file.size(), pixels.data(), pixels.size(), stride)
                                     : WebPDecodeRGBInto(data, file.size(), pixels.data(), pixels.size(), stride);
  if (decoded == nullptr) throw BadPicture("broken or cut short");
  Image image = info.channels == 4 ? over_white(info.width, info.height, pixels.data())
                                   : Image{info.width, info.height, 3, std::move(pixels)};
  info.orientation = orientation_of(file);
  return turned_upright(std::move(image), info.orientation);
}

}  // namespace agewise::image
