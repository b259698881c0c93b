// Pictures to bytes of a file.
#pragma once
#include <vector>

#include "agewise/image/image.h"

namespace agewise::image {

// Baseline JPEG without chroma subsampling (4:4:4), quality 1..100; grey stays one channel.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);
std::vector<std::byte> encode_png(const Image& image);

}  // namespace agewise::image
