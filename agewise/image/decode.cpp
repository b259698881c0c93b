#include "agewise/image/decode.h"

#include "agewise/image/formats.h"

namespace agewise::image {
namespace {

Image decode_kind(Bytes file, const DecodeOptions& options, PictureInfo& info, int& reduction) {
  switch (info.kind) {
    case FileKind::jpeg:
      return decode_jpeg(file, options, info, reduction);
    case FileKind::png:
      return decode_png(file, options, info);
    case FileKind::webp:
      return decode_webp(file, options, info);
    case FileKind::heif:
    case FileKind::avif:
      return decode_heif(file, options, info);
    case FileKind::gif:
      return decode_gif(file, options, info);
    case FileKind::bmp:
      return decode_bmp(file, options, info);
    case FileKind::tiff:
      return decode_tiff(file, options, info);
    case FileKind::unknown:
      break;
  }
  throw BadPicture(what_instead(file));
}

}  // namespace

Decoded decode(std::span<const std::byte> file, const DecodeOptions& options) {
  Decoded decoded;
  decoded.info.kind = kind_of(file);
  try {
    Image image = decode_kind(file, options, decoded.info, decoded.reduction);
    decoded.image = options.grey ? to_grey(std::move(image)) : std::move(image);
  } catch (const BadPicture& problem) {
    decoded.problem = problem.what();
  }
  return decoded;
}

void check_size(int width, int height, const DecodeOptions& options) {
  if (width < 1 || height < 1) throw BadPicture("has no pixels");
  if (static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height) > options.max_pixels) {
    throw BadPicture("is " + std::to_string(width) + "×" + std::to_string(height) + " pixels, more than the limit of " +
                     std::to_string(options.max_pixels / 1'000'000) + " million");
  }
}

Image over_white(int width, int height, const std::uint8_t* rgba) {
  Image image = make_image(width, height, 3);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3, rgba += 4) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[i + c] = static_cast<std::uint8_t>((rgba[c] * rgba[3] + 255 * (255 - rgba[3]) + 127) / 255);
    }
  }
  return image;
}

}  // namespace agewise::image
