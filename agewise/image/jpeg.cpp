// Through libjpeg's own interface rather than TurboJPEG's, which tells warnings apart only by their text.
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>  // needs stdio's FILE

#include <jerror.h>  // needs what the one above configures

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <memory>

#include "agewise/image/encode.h"
#include "agewise/image/profile.h"

namespace agewise::image {
namespace {

// A progressive file has about 10 scans; each further one costs a pass over all coefficients, and may be a few bytes
// long. So small pictures may have many, large ones not.
constexpr int kManyScans = 20, kMostScans = 100;
constexpr std::uint64_t kMostPixelsScanned = 400'000'000;  // by more than kManyScans

// libjpeg's errors leave by longjmp, as its manual has it: nothing with a destructor may be made within survives().
struct Errors : jpeg_error_mgr {
  std::jmp_buf escape{};
  bool at_end = false;  // the file ended before its end mark
  std::array<char, JMSG_LENGTH_MAX> problem{};
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = static_cast<Errors*>(info->err);
  errors->format_message(info, errors->problem.data());
  std::longjmp(errors->escape, 1);
}

// Whether a warning means that part of the picture is missing or made up. Others, such as of bytes between markers,
// which many cameras and editors leave, cost no pixel. The end of the file does not by itself: libjpeg reads ahead, and
// says JWRN_HIT_MARKER when it needs bits that it has not got.
bool costs_pixels(int warning) {
  switch (warning) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
      return true;
    default:
      return false;
  }
}

void on_message(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) static_cast<Errors*>(info->err)->at_end = true;
  if (level < 0 && costs_pixels(info->err->msg_code)) leave(info);
}

// What libjpeg calls after each row of blocks of each scan, and what it needs for that.
struct Watch : jpeg_progress_mgr {
  const std::function<bool()>* takes_too_long = nullptr;
};

int most_scans(const jpeg_decompress_struct& info) {
  std::uint64_t pixels = std::uint64_t{info.image_width} * info.image_height;
  if (pixels * kMostScans <= kMostPixelsScanned) return kMostScans;
  return std::max(kManyScans, static_cast<int>(kMostPixelsScanned / pixels));
}

void watch_scans(j_common_ptr info) {
  if (!info->is_decompressor) return;
  auto* jpeg = reinterpret_cast<j_decompress_ptr>(info);
  auto* errors = static_cast<Errors*>(info->err);
  const auto* asked = static_cast<const Watch*>(info->progress)->takes_too_long;
  if (jpeg->input_scan_number > most_scans(*jpeg)) {
    std::snprintf(errors->problem.data(), errors->problem.size(), "has more than %d scans, too many for its size",
                  most_scans(*jpeg));
  } else if (asked != nullptr && *asked && (*asked)()) {
    std::snprintf(errors->problem.data(), errors->problem.size(), "takes too long to decode");
  } else {
    return;
  }
  std::longjmp(errors->escape, 1);
}

jpeg_error_mgr* install(Errors& errors) {
  jpeg_std_error(&errors);
  errors.error_exit = leave;
  errors.emit_message = on_message;
  return &errors;
}

template <class Call>
bool survives(Errors& errors, const Call& call) {
  if (setjmp(errors.escape) != 0) return false;
  call();
  return true;
}

// Made anew for each picture: one kept would carry the tables of one file over to the next.
class Decompressor {
 public:
  Decompressor() {
    info.err = install(errors_);
    attempt([this] { jpeg_create_decompress(&info); });
    progress_.progress_monitor = watch_scans;
    info.progress = &progress_;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  template <class Call>
  void attempt(const Call& call) {
    if (!survives(errors_, call)) throw BadPicture(errors_.problem.data());
  }

  // False where the call failed; what went wrong is of no interest.
  template <class Call>
  bool succeeds(const Call& call) {
    return survives(errors_, call);
  }

  bool at_end() const { return errors_.at_end; }

  void stop_when(const std::function<bool()>& takes_too_long) { progress_.takes_too_long = &takes_too_long; }

  jpeg_decompress_struct info{};

 private:
  Errors errors_;
  Watch progress_{};
};

int channels_of(J_COLOR_SPACE colours) {
  switch (colours) {
    case JCS_GRAYSCALE:
      return 1;
    case JCS_YCbCr:
    case JCS_RGB:
      return 3;
    case JCS_CMYK:
    case JCS_YCCK:
      return 4;
    default:
      throw BadPicture("has an unknown colour space");
  }
}

// 1/2, 1/4 and 1/8 have SIMD kernels in libjpeg-turbo; the scales between are slower than the whole size.
unsigned largest_divisor(int side, int enough) {
  if (enough < 1) return 1;
  int divisor = 8;
  while (divisor > 1 && (side + divisor - 1) / divisor < enough) divisor /= 2;
  return static_cast<unsigned>(divisor);
}

struct Free {
  void operator()(unsigned char* memory) const { std::free(memory); }
};

// Of a picture that would be too large: the smallest divisor that makes it fit.
unsigned fitting_divisor(int width, int height, std::uint64_t most) {
  unsigned divisor = 1;
  while (divisor < 8 && static_cast<std::uint64_t>((width + divisor - 1) / divisor) *
                                static_cast<std::uint64_t>((height + divisor - 1) / divisor) >
                            most)
    divisor *= 2;
  return divisor;
}

unsigned divisor_of(const PictureInfo& info, const DecodeOptions& options) {
  unsigned wanted = std::max(largest_divisor(std::min(info.width, info.height), options.enough_pixels),
                             largest_divisor(std::max(info.width, info.height), options.enough_longer_side));
  return options.reduce_to_fit ? std::max(wanted, fitting_divisor(info.width, info.height, options.max_pixels))
                               : wanted;
}

// Of a file in several scans all coefficients are held until the last one, whatever it is reduced to.
void check_size_of_scans(const PictureInfo& info, const DecodeOptions& options) {
  try {
    check_size(info.width, info.height, options);
  } catch (const BadPicture& problem) {
    throw BadPicture(std::string(problem.what()) +
                     " for a progressive JPEG; save it as a baseline JPEG, which can be read at a reduced size");
  }
}

void read_header(Decompressor& jpeg, Bytes file) {
  jpeg.attempt([&] {
    jpeg_mem_src(&jpeg.info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_save_markers(&jpeg.info, JPEG_APP0 + 1, 0xFFFF);  // EXIF's
    jpeg_save_markers(&jpeg.info, JPEG_APP0 + 2, 0xFFFF);  // ICC's
    jpeg_read_header(&jpeg.info, TRUE);
  });
}

// Up to the end mark; behind it further pictures may lie.
int scans_of(Bytes file) {
  auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(file[at]); };
  int scans = 0;
  for (std::size_t at = 2; at + 4 <= file.size();) {
    unsigned marker = byte(at) == 0xFF ? byte(at + 1) : 0;
    if (marker == 0xD9) break;
    bool coded = marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD7) || marker == 0xFF;  // or padding
    if (coded) {
      ++at;
      continue;
    }
    if (marker == 0xDA) ++scans;
    at += 2 + (byte(at + 2) << 8 | byte(at + 3));
  }
  return scans;
}

[[noreturn]] void refuse_scans(int most) {
  throw BadPicture("has more than " + std::to_string(most) + " scans, too many for its size");
}

int orientation_of(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.starts_with("Exif")) return exif_orientation(std::as_bytes(std::span(data)));
  }
  return 1;
}

// Of a file in several scans without an end mark: whether no scan is missing. Without it libjpeg would show whatever
// there is, coarse or without colours.
bool has_all_scans(const jpeg_decompress_struct& info) {
  if (info.coef_bits == nullptr) return false;  // not progressive: nothing tells
  for (int c = 0; c < info.num_components; ++c) {
    const int* missing_bits = info.coef_bits[c];
    if (std::any_of(missing_bits, missing_bits + DCTSIZE2, [](int bits) { return bits != 0; })) return false;
  }
  return true;
}

// Some cameras' files end, or go on with something else, right after the last row. A file that was meant to be longer
// and is filled up with zeros, as downloads are that broke off, is none of them: zeros are pixels, too, to libjpeg.
void check_end(Decompressor& jpeg, Bytes file) {
  std::size_t left = jpeg.at_end() ? 0 : jpeg.info.src->bytes_in_buffer;
  bool several = jpeg_has_multiple_scans(&jpeg.info) != 0;
  bool complete = !several || !jpeg.at_end() || has_all_scans(jpeg.info);  // looked at before finish() forgets
  if (jpeg.succeeds([&jpeg] { jpeg_finish_decompress(&jpeg.info); }) && !jpeg.at_end()) return;
  constexpr std::size_t kZeros = 16;
  Bytes read = file.first(file.size() - left);
  Bytes last = read.last(std::min(kZeros, read.size()));
  bool filled = std::all_of(last.begin(), last.end(), [](std::byte byte) { return byte == std::byte{0}; });
  // Arithmetic coding takes what is missing for zeros without a word.
  if (!complete || filled || jpeg.info.arith_code != 0) throw BadPicture("cut short: the end of the file is missing");
}

std::vector<std::byte> profile_of(Decompressor& jpeg) {
  JOCTET* data = nullptr;
  unsigned size = 0;
  jpeg.attempt([&] { jpeg_read_icc_profile(&jpeg.info, &data, &size); });
  std::unique_ptr<JOCTET, Free> owned(data);
  auto* bytes = reinterpret_cast<const std::byte*>(data);
  return data != nullptr ? std::vector<std::byte>(bytes, bytes + size) : std::vector<std::byte>();
}

void read_pixels(Decompressor& jpeg, Bytes file, std::uint8_t* pixels) {
  jpeg.attempt([&jpeg, pixels] {
    jpeg_start_decompress(&jpeg.info);
    std::size_t row_size = static_cast<std::size_t>(jpeg.info.output_width) * jpeg.info.output_components;
    while (jpeg.info.output_scanline < jpeg.info.output_height) {
      JSAMPROW row = pixels + jpeg.info.output_scanline * row_size;
      jpeg_read_scanlines(&jpeg.info, &row, 1);
    }
  });
  check_end(jpeg, file);
}

// Values as Adobe writes them, 255 for no ink: what every CMYK JPEG met in practice does, and what Pillow assumes.
Image from_inverted_cmyk(int width, int height, const std::vector<std::uint8_t>& cmyk, const SrgbTransform* transform) {
  Image image = make_image(width, height, 3);
  if (transform != nullptr) {
    transform->apply(cmyk.data(), image.pixels.data(), cmyk.size() / 4);
    return image;
  }
  const std::uint8_t* from = cmyk.data();
  for (std::size_t i = 0; i < image.pixels.size(); i += 3, from += 4) {
    for (std::size_t c = 0; c < 3; ++c)
      image.pixels[i + c] = static_cast<std::uint8_t>((from[c] * from[3] + 127) / 255);
  }
  return image;
}

}  // namespace

Image decode_jpeg(Bytes file, const DecodeOptions& options, PictureInfo& info, int& reduction) {
  Decompressor jpeg;
  jpeg.stop_when(options.takes_too_long);
  read_header(jpeg, file);
  info.width = static_cast<int>(jpeg.info.image_width);
  info.height = static_cast<int>(jpeg.info.image_height);
  info.channels = channels_of(jpeg.info.jpeg_color_space);
  info.several_scans = jpeg_has_multiple_scans(&jpeg.info) != 0;
  if (info.several_scans) check_size_of_scans(info, options);
  if (info.several_scans && scans_of(file) > most_scans(jpeg.info)) refuse_scans(most_scans(jpeg.info));
  jpeg.info.scale_num = 1;
  jpeg.info.scale_denom = divisor_of(info, options);
  reduction = static_cast<int>(jpeg.info.scale_denom);
  const SrgbTransform* transform = srgb_transform(profile_of(jpeg), info.channels);
  // To grey, libjpeg takes the luma plane of YCbCr and leaves the others alone.
  bool grey = info.channels == 1 || (info.channels == 3 && options.grey && transform == nullptr);
  jpeg.info.out_color_space = info.channels == 4 ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg.attempt([&] { jpeg_calc_output_dimensions(&jpeg.info); });
  int width = static_cast<int>(jpeg.info.output_width), height = static_cast<int>(jpeg.info.output_height);
  check_size(width, height, options);
  info.orientation = orientation_of(jpeg.info);
  if (info.channels == 4) {
    std::vector<std::uint8_t> cmyk(static_cast<std::size_t>(width) * height * 4);
    read_pixels(jpeg, file, cmyk.data());
    return turned_upright(from_inverted_cmyk(width, height, cmyk, transform), info.orientation);
  }
  Image image = make_image(width, height, grey ? 1 : 3);
  read_pixels(jpeg, file, image.pixels.data());
  if (transform != nullptr)
    transform->apply(image.pixels.data(), image.pixels.data(), static_cast<std::size_t>(width) * height);
  return turned_upright(std::move(image), info.orientation);
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  Errors errors;
  jpeg_compress_struct info{};
  info.err = install(errors);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  bool done = survives(errors, [&] {
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &memory, &size);
    info.image_width = static_cast<JDIMENSION>(image.width);
    info.image_height = static_cast<JDIMENSION>(image.height);
    info.input_components = image.channels;
    info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
      auto* row = const_cast<JSAMPLE*>(image.row(static_cast<int>(info.next_scanline)));  // is only read
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
  });
  jpeg_destroy_compress(&info);
  std::unique_ptr<unsigned char, Free> owned(memory);
  if (!done) throw std::runtime_error(std::string("cannot encode a JPEG: ") + errors.problem.data());
  auto* bytes = reinterpret_cast<const std::byte*>(memory);
  return {bytes, bytes + size};
}

}  // namespace agewise::image
