// Pictures to bytes of a file.
#pragma once
#include <string_view>
#include <vector>

#include "agewise/image/image.h"

namespace agewise::image {

// Baseline JPEG without chroma subsampling (4:4:4), quality 1..100; grey stays one channel.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);
std::vector<std::byte> encode_png(const Image& image);

// `png` with a tEXt chunk that names agewise as the software (PNG specification, 11.3.4.3), and whether a file that
// begins like this has that chunk where it puts it: behind the header.
std::vector<std::byte> with_software_mark(std::vector<std::byte> png);
bool has_software_mark(std::string_view beginning);

}  // namespace agewise::image
