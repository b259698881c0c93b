#include <libexif/exif-data.h>
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "agewise/image/encode.h"
#include "agewise/image/formats.h"

namespace agewise {
namespace {

struct DestroyHandle {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, DestroyHandle>;

// Making a handle costs as much as decoding a small picture, so each thread keeps one.
tjhandle decompressor() {
  thread_local Handle handle(tjInitDecompress());
  if (!handle) throw std::bad_alloc();
  return handle.get();
}

const unsigned char* data_of(Bytes file) { return reinterpret_cast<const unsigned char*>(file.data()); }

// Warnings that cost no pixel: bytes between markers, which many cameras and editors leave. Anything else means that
// part of the picture is missing or made up.
bool is_harmless(std::string_view warning) { return warning.find("extraneous bytes") != std::string_view::npos; }

void check(tjhandle handle, int result) {
  if (result == 0) return;
  std::string problem = tjGetErrorStr2(handle);
  if (tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(problem)) return;
  throw BadPicture(problem);
}

int channels_of(int colour_space) {
  if (colour_space == TJCS_GRAY) return 1;
  return colour_space == TJCS_CMYK || colour_space == TJCS_YCCK ? 4 : 3;
}

// 1/2, 1/4 and 1/8 have SIMD kernels in libjpeg-turbo; the scales between are slower than the whole size.
int largest_divisor(int width, int height, int enough) {
  if (enough < 1) return 1;
  int divisor = 8;
  while (divisor > 1 && std::min((width + divisor - 1) / divisor, (height + divisor - 1) / divisor) < enough)
    divisor /= 2;
  return divisor;
}

// Whether the picture comes in one scan from top to bottom: its first frame marker is SOF0 or SOF1.
bool is_baseline(Bytes file) {
  std::size_t place = 2;
  while (place + 4 <= file.size() && file[place] == std::byte{0xFF}) {
    int marker = std::to_integer<int>(file[place + 1]);
    if (marker == 0xC0 || marker == 0xC1) return true;
    if (marker == 0xFF) {  // padding
      ++place;
      continue;
    }
    if (marker == 0xC2 || marker == 0xDA) return false;
    place += 2 + (std::to_integer<std::size_t>(file[place + 2]) << 8) + std::to_integer<std::size_t>(file[place + 3]);
  }
  return false;
}

// Values as Adobe writes them, 255 for no ink: what every CMYK JPEG met in practice does, and what Pillow assumes.
Image from_inverted_cmyk(int width, int height, const std::vector<std::uint8_t>& cmyk) {
  Image image = make_image(width, height, 3);
  const std::uint8_t* from = cmyk.data();
  for (std::size_t i = 0; i < image.pixels.size(); i += 3, from += 4) {
    for (std::size_t c = 0; c < 3; ++c)
      image.pixels[i + c] = static_cast<std::uint8_t>((from[c] * from[3] + 127) / 255);
  }
  return image;
}

struct UnrefExif {
  void operator()(ExifData* data) const { exif_data_unref(data); }
};

}  // namespace

Image decode_jpeg(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  tjhandle handle = decompressor();
  int subsampling = 0, colour_space = 0;
  check(handle, tjDecompressHeader3(handle, data_of(file), file.size(), &info.width, &info.height, &subsampling,
                                    &colour_space));
  info.channels = channels_of(colour_space);
  int divisor = largest_divisor(info.width, info.height, options.enough_pixels);
  int width = (info.width + divisor - 1) / divisor, height = (info.height + divisor - 1) / divisor;
  if (is_baseline(file)) {
    check_size(width, height, options);
  } else {
    check_size(info.width, info.height, options);  // all coefficients are held until the last scan
  }
  auto decompress = [&](std::uint8_t* pixels, int format) {
    check(handle,
          tjDecompress2(handle, data_of(file), file.size(), pixels, width, 0, height, format, TJFLAG_ACCURATEDCT));
  };
  if (info.channels == 4) {
    std::vector<std::uint8_t> cmyk(static_cast<std::size_t>(width) * height * 4);
    decompress(cmyk.data(), TJPF_CMYK);
    return from_inverted_cmyk(width, height, cmyk);
  }
  // The luma plane of YCbCr is the grey picture: the chroma planes are never decoded. RGB JPEGs are converted.
  bool grey = info.channels == 1 || (options.grey && colour_space == TJCS_YCbCr);
  Image image = make_image(width, height, grey ? 1 : 3);
  decompress(image.pixels.data(), grey ? TJPF_GRAY : TJPF_RGB);
  return image;
}

int jpeg_orientation(Bytes file) {
  // EXIF stands in the first 64 KiB segment; most files have none, and asking libexif costs more than looking.
  std::string_view head(reinterpret_cast<const char*>(file.data()), std::min<std::size_t>(file.size(), 1024));
  if (head.find(std::string_view("Exif\0\0", 6)) == std::string_view::npos) return 1;
  std::unique_ptr<ExifData, UnrefExif> data(
      exif_data_new_from_data(data_of(file), static_cast<unsigned>(std::min<std::size_t>(file.size(), 1 << 17))));
  ExifEntry* entry = data ? exif_data_get_entry(data.get(), EXIF_TAG_ORIENTATION) : nullptr;
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->components != 1 || entry->size < 2) return 1;
  return exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  thread_local Handle handle(tjInitCompress());
  if (!handle) throw std::bad_alloc();
  bool grey = image.channels == 1;
  unsigned long size = tjBufSize(image.width, image.height, grey ? TJSAMP_GRAY : TJSAMP_444);
  std::vector<std::byte> file(size);
  auto* out = reinterpret_cast<unsigned char*>(file.data());
  int result =
      tjCompress2(handle.get(), image.pixels.data(), image.width, 0, image.height, grey ? TJPF_GRAY : TJPF_RGB, &out,
                  &size, grey ? TJSAMP_GRAY : TJSAMP_444, quality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT);
  if (result != 0) throw std::runtime_error(std::string("cannot encode a JPEG: ") + tjGetErrorStr2(handle.get()));
  file.resize(size);
  return file;
}

}  // namespace agewise
