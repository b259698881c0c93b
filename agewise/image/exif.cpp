#include <libexif/exif-data.h>

#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "agewise/image/formats.h"

namespace agewise::image {
namespace {

constexpr std::string_view kHeader("Exif\0\0", 6);

struct Unref {
  void operator()(ExifData* data) const { exif_data_unref(data); }
};
using Exif = std::unique_ptr<ExifData, Unref>;

// With the header that libexif wants to see: JPEG has it, PNG and most WebP files have not.
std::vector<unsigned char> with_header(Bytes block) {
  std::string_view text(reinterpret_cast<const char*>(block.data()), block.size());
  std::vector<unsigned char> whole;
  if (!text.starts_with(kHeader)) whole.assign(kHeader.begin(), kHeader.end());
  whole.insert(whole.end(), text.begin(), text.end());
  return whole;
}

}  // namespace

int exif_orientation(Bytes block) {
  constexpr std::size_t kLargestBlock = 1 << 20;  // of a PNG or WebP chunk: the tag stands near its beginning
  std::vector<unsigned char> whole = with_header(block.first(std::min(block.size(), kLargestBlock)));
  Exif data(exif_data_new_from_data(whole.data(), static_cast<unsigned>(whole.size())));
  ExifEntry* entry = data ? exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION) : nullptr;
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->components != 1 || entry->size < 2) return 1;
  return exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
}

}  // namespace agewise::image
