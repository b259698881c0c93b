#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "agewise/image/profile.h"

namespace agewise::image {
namespace {

// A file in memory as libtiff wants to see files.
struct Memory {
  Bytes file;
  std::uint64_t place = 0;
  std::array<char, 256> problem{};  // the first error
};

Memory& memory_of(thandle_t handle) { return *static_cast<Memory*>(handle); }

tmsize_t read_bytes(thandle_t handle, void* to, tmsize_t size) {
  Memory& memory = memory_of(handle);
  std::uint64_t start = std::min<std::uint64_t>(memory.place, memory.file.size());
  std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(size), memory.file.size() - start);
  std::memcpy(to, memory.file.data() + start, count);
  memory.place = start + count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write_bytes(thandle_t, void*, tmsize_t) { return -1; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  Memory& memory = memory_of(handle);
  std::uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? memory.place : memory.file.size();
  return memory.place = from + offset;
}

int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return memory_of(handle).file.size(); }

int keep_error(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  auto& memory = *static_cast<Memory*>(user);
  if (memory.problem[0] == '\0') std::vsnprintf(memory.problem.data(), memory.problem.size(), format, arguments);
  return 1;
}

int pass_over(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct FreeTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
  void operator()(TIFFRGBAImage* image) const { TIFFRGBAImageEnd(image); }
};
using Tiff = std::unique_ptr<TIFF, FreeTiff>;

[[noreturn]] void fail(const Memory& memory, const char* otherwise) {
  throw BadPicture(memory.problem[0] != '\0' ? memory.problem.data() : otherwise);
}

Tiff open(Memory& memory, const DecodeOptions& options) {
  std::unique_ptr<TIFFOpenOptions, FreeTiff> limits(TIFFOpenOptionsAlloc());
  if (!limits) throw std::bad_alloc();
  // No single piece of a picture that is read takes more.
  TIFFOpenOptionsSetMaxSingleMemAlloc(limits.get(), static_cast<tmsize_t>(options.max_pixels * 8 + (1 << 20)));
  TIFFOpenOptionsSetErrorHandlerExtR(limits.get(), keep_error, &memory);
  TIFFOpenOptionsSetWarningHandlerExtR(limits.get(), pass_over, nullptr);
  Tiff tiff(TIFFClientOpenExt("picture", "rm", &memory, read_bytes, write_bytes, seek, close_nothing, size_of, nullptr,
                              nullptr, limits.get()));
  if (!tiff) fail(memory, "broken or cut short in its header");
  return tiff;
}

template <class Value>
Value field(const Tiff& tiff, std::uint32_t tag) {
  Value value = 0;
  TIFFGetFieldDefaulted(tiff.get(), tag, &value);
  return value;
}

void read_info(const Tiff& tiff, const DecodeOptions& options, PictureInfo& info) {
  constexpr std::uint32_t kLongest = 1'000'000;
  auto width = field<std::uint32_t>(tiff, TIFFTAG_IMAGEWIDTH), height = field<std::uint32_t>(tiff, TIFFTAG_IMAGELENGTH);
  if (width > kLongest || height > kLongest) throw BadPicture("is wider or taller than a million pixels");
  info.width = static_cast<int>(width);
  info.height = static_cast<int>(height);
  info.channels = field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL);
  info.bits = field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE);
  if (info.channels < 1 || info.channels > 8 || info.bits < 1 || info.bits > 16)
    throw BadPicture("a TIFF with " + std::to_string(info.channels) + " channels of " + std::to_string(info.bits) +
                     " bits, which is not supported");
  check_size(info.width, info.height, options);
  // A camera's raw file is a TIFF, too; what it has in this place is a preview of the size of a stamp.
  if ((field<std::uint32_t>(tiff, TIFFTAG_SUBFILETYPE) & FILETYPE_REDUCEDIMAGE) != 0)
    throw BadPicture("begins with a preview, like a camera raw file: export it as JPEG");
  info.orientation = field<std::uint16_t>(tiff, TIFFTAG_ORIENTATION);
}

int scans_in(Bytes jpeg) {
  constexpr std::array kStartOfScan{std::byte{0xFF}, std::byte{0xDA}};
  int scans = 0;
  for (auto at = jpeg.begin(); at != jpeg.end(); ++scans) {
    at = std::search(at, jpeg.end(), kStartOfScan.begin(), kStartOfScan.end());
    if (at == jpeg.end()) break;
    at += 2;
  }
  return scans;
}

// Each further scan of a JPEG costs a pass over the whole, and may be a few bytes long. libtiff has no way to stop it.
void check_scans(const Tiff& tiff, Bytes file) {
  constexpr int kMostScans = 20;
  auto compression = field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION);
  if (compression != COMPRESSION_JPEG && compression != COMPRESSION_OJPEG) return;
  std::uint32_t pieces = TIFFIsTiled(tiff.get()) != 0 ? TIFFNumberOfTiles(tiff.get()) : TIFFNumberOfStrips(tiff.get());
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < pieces; ++i) {
    std::uint64_t start = TIFFGetStrileOffset(tiff.get(), i), size = TIFFGetStrileByteCount(tiff.get(), i);
    if (start > file.size() || size > file.size() - start) throw BadPicture("broken or cut short");
    total += size;
    if (total > file.size()) throw BadPicture("broken: its strips overlap");
    if (scans_in(file.subspan(start, size)) > kMostScans)
      throw BadPicture("has a JPEG of more than " + std::to_string(kMostScans) + " scans");
  }
}

bool is_grey(const Tiff& tiff, const PictureInfo& info) {
  auto meaning = field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC);
  return info.channels == 1 && (meaning == PHOTOMETRIC_MINISBLACK || meaning == PHOTOMETRIC_MINISWHITE);
}

// Over white; libtiff's colours are multiplied by their opacity already.
Image flattened(const std::vector<std::uint32_t>& raster, int width, int height, bool grey) {
  Image image = make_image(width, height, grey ? 1 : 3);
  std::uint8_t* to = image.pixels.data();
  for (std::uint32_t pixel : raster) {
    std::uint32_t white = 255 - TIFFGetA(pixel);
    *to++ = static_cast<std::uint8_t>(std::min(255U, TIFFGetR(pixel) + white));
    if (grey) continue;
    *to++ = static_cast<std::uint8_t>(std::min(255U, TIFFGetG(pixel) + white));
    *to++ = static_cast<std::uint8_t>(std::min(255U, TIFFGetB(pixel) + white));
  }
  return image;
}

Bytes profile_of(const Tiff& tiff, const PictureInfo& info) {
  std::uint32_t size = 0;
  const void* data = nullptr;
  // Ink was turned into RGB by libtiff's own rule: a printing press's profile says nothing about that.
  if (field<std::uint16_t>(tiff, TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_SEPARATED || info.channels == 2) return {};
  if (TIFFGetField(tiff.get(), TIFFTAG_ICCPROFILE, &size, &data) != 1) return {};
  return {static_cast<const std::byte*>(data), size};
}

}  // namespace

// The first page.
Image decode_tiff(Bytes file, const DecodeOptions& options, PictureInfo& info) {
  Memory memory{file};
  Tiff tiff = open(memory, options);
  read_info(tiff, options, info);
  check_scans(tiff, file);
  TIFFRGBAImage reader{};
  std::array<char, 1024> problem{};
  if (TIFFRGBAImageBegin(&reader, tiff.get(), /*stop on error*/ 1, problem.data()) == 0)
    throw BadPicture(problem.data());
  std::unique_ptr<TIFFRGBAImage, FreeTiff> end(&reader);
  reader.req_orientation = reader.orientation;  // as stored: libtiff would mirror, but not exchange rows and columns
  std::vector<std::uint32_t> raster(static_cast<std::size_t>(info.width) * static_cast<std::size_t>(info.height));
  if (TIFFRGBAImageGet(&reader, raster.data(), reader.width, reader.height) == 0 || memory.problem[0] != '\0')
    fail(memory, "broken or cut short");
  Image image = flattened(raster, info.width, info.height, is_grey(tiff, info));
  return turned_upright(in_srgb(std::move(image), profile_of(tiff, info)), info.orientation);
}

}  // namespace agewise::image
