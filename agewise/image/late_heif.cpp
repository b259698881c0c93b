// libheif's functions, as far as they are used, under their own names and types: the first call loads the library. It
// brings four video decoders, whose tables every command would wait for.
#include <libheif/heif.h>

#include "agewise/base/late_library.h"

namespace {

static_assert(LIBHEIF_NUMERIC_VERSION >> 24 == 1, "the library's name below is of libheif 1");

template <class Function>
Function* heif(const char* name) {
  static const agewise::LateLibrary kHeif("libheif.so.1");
  return kHeif.function<Function>(name);
}

}  // namespace

heif_context* heif_context_alloc() { return heif<decltype(heif_context_alloc)>("heif_context_alloc")(); }
void heif_context_free(heif_context* context) { heif<decltype(heif_context_free)>("heif_context_free")(context); }
void heif_context_set_max_decoding_threads(heif_context* context, int threads) {
  heif<decltype(heif_context_set_max_decoding_threads)>("heif_context_set_max_decoding_threads")(context, threads);
}
heif_error heif_context_read_from_memory_without_copy(heif_context* context, const void* file, size_t size,
                                                      const heif_reading_options* options) {
  return heif<decltype(heif_context_read_from_memory_without_copy)>("heif_context_read_from_memory_without_copy")(
      context, file, size, options);
}
heif_error heif_context_get_primary_image_handle(heif_context* context, heif_image_handle** handle) {
  return heif<decltype(heif_context_get_primary_image_handle)>("heif_context_get_primary_image_handle")(context,
                                                                                                        handle);
}
void heif_image_handle_release(const heif_image_handle* handle) {
  heif<decltype(heif_image_handle_release)>("heif_image_handle_release")(handle);
}
int heif_image_handle_get_width(const heif_image_handle* handle) {
  return heif<decltype(heif_image_handle_get_width)>("heif_image_handle_get_width")(handle);
}
int heif_image_handle_get_height(const heif_image_handle* handle) {
  return heif<decltype(heif_image_handle_get_height)>("heif_image_handle_get_height")(handle);
}
int heif_image_handle_has_alpha_channel(const heif_image_handle* handle) {
  return heif<decltype(heif_image_handle_has_alpha_channel)>("heif_image_handle_has_alpha_channel")(handle);
}
int heif_image_handle_get_luma_bits_per_pixel(const heif_image_handle* handle) {
  return heif<decltype(heif_image_handle_get_luma_bits_per_pixel)>("heif_image_handle_get_luma_bits_per_pixel")(handle);
}
heif_decoding_options* heif_decoding_options_alloc() {
  return heif<decltype(heif_decoding_options_alloc)>("heif_decoding_options_alloc")();
}
void heif_decoding_options_free(heif_decoding_options* options) {
  heif<decltype(heif_decoding_options_free)>("heif_decoding_options_free")(options);
}
heif_error heif_decode_image(const heif_image_handle* handle, heif_image** image, heif_colorspace space,
                             heif_chroma chroma, const heif_decoding_options* options) {
  return heif<decltype(heif_decode_image)>("heif_decode_image")(handle, image, space, chroma, options);
}
int heif_image_get_width(const heif_image* image, heif_channel channel) {
  return heif<decltype(heif_image_get_width)>("heif_image_get_width")(image, channel);
}
int heif_image_get_height(const heif_image* image, heif_channel channel) {
  return heif<decltype(heif_image_get_height)>("heif_image_get_height")(image, channel);
}
const uint8_t* heif_image_get_plane_readonly(const heif_image* image, heif_channel channel, int* stride) {
  return heif<decltype(heif_image_get_plane_readonly)>("heif_image_get_plane_readonly")(image, channel, stride);
}
void heif_image_release(const heif_image* image) { heif<decltype(heif_image_release)>("heif_image_release")(image); }
