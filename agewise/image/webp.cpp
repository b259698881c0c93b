#include <webp/decode.h>

#include "agewise/image/formats.h"

namespace agewise {

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
  if (info.channels == 4) return over_white(info.width, info.height, pixels.data());
  return {info.width, info.height, 3, std::move(pixels)};
}

}  // namespace agewise
