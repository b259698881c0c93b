#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "agewise/image/profile.h"

namespace agewise::image {
namespace {

// What is in the first chunk of this name; nothing if there is none. After "RIFF", size and "WEBP" a file is chunks of
// name, length and data, padded to even length.
Bytes chunk(Bytes file, std::string_view wanted) {
  for (Bytes rest = file.subspan(12); rest.size() >= 8;) {
    std::size_t length = 0;
    for (int i = 7; i >= 4; --i) length = length << 8 | std::to_integer<std::size_t>(rest[i]);
    if (length > rest.size() - 8) break;
    std::string_view name(reinterpret_cast<const char*>(rest.data()), 4);
    if (name == wanted) return rest.subspan(8, length);
    rest = rest.subspan(std::min(8 + length + length % 2, rest.size()));
  }
  return {};
}

struct FreeAnimation {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

Image first_frame(Bytes file, const PictureInfo& info) {
  WebPData data{reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
  WebPAnimDecoderOptions options{};
  WebPAnimDecoderOptionsInit(&options);
  options.color_mode = MODE_RGBA;
  std::unique_ptr<WebPAnimDecoder, FreeAnimation> decoder(WebPAnimDecoderNew(&data, &options));
  std::uint8_t* pixels = nullptr;  // the decoder's
  int milliseconds = 0;
  if (!decoder || WebPAnimDecoderGetNext(decoder.get(), &pixels, &milliseconds) == 0)
    throw BadPicture("an animation that is broken or cut short");
  return over_white(info.width, info.height, pixels);
}

Image still(Bytes file, const PictureInfo& info) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(file.data());
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(info.width) * info.height * info.channels);
  int stride = info.width * info.channels;
  auto* decoded = info.channels == 4 ? WebPDecodeRGBAInto(data, file.size(), pixels.data(), pixels.size(), stride)
                                     : WebPDecodeRGBInto(data, file.size(), pixels.data(), pixels.size(), stride);
  if (decoded == nullptr) throw BadPicture("broken or cut short");
  return info.channels == 4 ? over_white(info.width, info.height, pixels.data())
                            : Image{info.width, info.height, 3, std::move(pixels)};
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
  Image image = features.has_animation != 0 ? first_frame(file, info) : still(file, info);
  Bytes exif = chunk(file, "EXIF");
  if (!exif.empty()) info.orientation = exif_orientation(exif);
  return turned_upright(in_srgb(std::move(image), chunk(file, "ICCP")), info.orientation);
}

}  // namespace agewise::image
