#include <libheif/heif.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "agewise/image/profile.h"

namespace agewise::image {
namespace {

struct FreeHeif {
  void operator()(heif_context* context) const { heif_context_free(context); }
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
  void operator()(heif_image* image) const { heif_image_release(image); }
};

struct FreeOptions {
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
};

void check(const heif_error& error) {
  if (error.code != heif_error_Ok) throw BadPicture(error.message);
}

std::vector<std::byte> profile_of(const heif_image_handle* handle) {
  std::size_t size = heif_image_handle_get_raw_color_profile_size(handle);
  std::vector<std::byte> profile(size);
  if (size == 0 || heif_image_handle_get_raw_color_profile(handle, profile.data()).code != heif_error_Ok) return {};
  return profile;
}

// One picture laid over others, each of which is decoded whole, however often it occurs and little of it is seen. An
// item is told by a box "infe" of version 2 or 3: version, flags, number (2 or 4 bytes), protection (2), kind
// (ISO/IEC 14496-12, §8.11.6).
bool has_overlay(Bytes file) {
  std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (std::size_t at = text.find("infe"); at != std::string_view::npos; at = text.find("infe", at + 1)) {
    if (text.substr(at).size() < 18) break;
    if (text.substr(at + 12, 4) == "iovl" || text.substr(at + 14, 4) == "iovl") return true;
  }
  return false;
}

}  // namespace

Image decode_heif(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  if (has_overlay(file)) throw BadPicture("is an overlay of several pictures, which is not supported");
  std::unique_ptr<heif_context, FreeHeif> context(heif_context_alloc());
  heif_context_set_max_decoding_threads(context.get(), 0);  // the callers are many threads already
  check(heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(), nullptr));
  heif_image_handle* raw_handle = nullptr;
  check(heif_context_get_primary_image_handle(context.get(), &raw_handle));
  std::unique_ptr<heif_image_handle, FreeHeif> handle(raw_handle);
  info.width = heif_image_handle_get_width(handle.get());
  info.height = heif_image_handle_get_height(handle.get());
  info.channels = heif_image_handle_has_alpha_channel(handle.get()) != 0 ? 4 : 3;
  info.bits = heif_image_handle_get_luma_bits_per_pixel(handle.get());
  check_size(info.width, info.height, options);
  std::unique_ptr<heif_decoding_options, FreeOptions> strict(heif_decoding_options_alloc());
  strict->strict_decoding = 1;
  // libheif 1.15 would take dav1d for AV1, and leaks the whole picture where a broken file makes it give up midway.
  strict->decoder_id = info.kind == FileKind::avif ? "aom" : "libde265";
  heif_image* raw_image = nullptr;
  check(heif_decode_image(handle.get(), &raw_image, heif_colorspace_RGB,
                          info.channels == 4 ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB,
                          strict.get()));
  std::unique_ptr<heif_image, FreeHeif> decoded(raw_image);
  int stride = 0;
  const std::uint8_t* plane = heif_image_get_plane_readonly(decoded.get(), heif_channel_interleaved, &stride);
  // Its own turning and cropping are done by now: the size is that of the upright picture.
  int width = heif_image_get_width(decoded.get(), heif_channel_interleaved);
  int height = heif_image_get_height(decoded.get(), heif_channel_interleaved);
  if (plane == nullptr) throw BadPicture("has no pixels");
  check_size(width, height, options);
  std::size_t row_bytes = static_cast<std::size_t>(width) * info.channels;
  std::vector<std::uint8_t> pixels(row_bytes * height);
  for (int y = 0; y < height; ++y)
    std::copy_n(plane + static_cast<std::ptrdiff_t>(y) * stride, row_bytes, pixels.data() + y * row_bytes);
  Image image =
      info.channels == 4 ? over_white(width, height, pixels.data()) : Image{width, height, 3, std::move(pixels)};
  return in_srgb(std::move(image), profile_of(handle.get()));
}

}  // namespace agewise::image
