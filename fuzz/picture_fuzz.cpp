// Any bytes are a picture of a sane size or a problem in a few words. The last byte, which no format needs, chooses the
// options: so any picture is a good beginning.
#include <cstdlib>

#include "agewise/image/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  agewise::image::DecodeOptions options{.grey = (data[size - 1] & 1) != 0, .max_pixels = 1'000'000};
  if ((data[size - 1] & 2) != 0) options.enough_pixels = 16;
  agewise::image::Decoded decoded = agewise::image::decode(std::as_bytes(std::span(data, size)), options);
  if (decoded.image.has_value() != decoded.problem.empty()) std::abort();
  if (!decoded.image) return 0;
  const agewise::image::Image& image = *decoded.image;
  auto values = static_cast<std::uint64_t>(image.width) * image.height * image.channels;
  if (values == 0 || values > 3 * options.max_pixels || image.pixels.size() != values) std::abort();
  return 0;
}
