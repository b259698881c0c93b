// Files that are not what they should be: each a problem in a few words, never half a picture and never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "agewise/image/decode.h"
#include "tests/image/many_scans.h"
#include "tests/image/pictures.h"

namespace agewise::image {
namespace {

using testing::HasSubstr;

std::vector<std::byte> bytes_of(std::string_view text) {
  auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

TEST(BadPicture, of_no_bytes_is_called_empty) { EXPECT_EQ(decode({}).problem, "is empty"); }

TEST(BadPicture, of_another_kind_of_file_is_told_so) {
  const std::vector<std::pair<std::string_view, std::string_view>> strangers{
      {"\r\n<!DOCTYPE HTML><html>404 not found</html>", "is HTML"},
      {"%PDF-1.7", "is a PDF"},
      {"PK\3\4", "zip archive"},
      {"version https://git-lfs.github.com/spec/v1", "git lfs pull"},
      {std::string_view("\0\0\0\x18"
                        "ftypqt  ",
                        12),
       "video"},
      {std::string_view("\0\0\0\x0CJXL \r\n\x87\n", 12), "JPEG XL"},
      {std::string_view("\0\0\0\0\0\0\0\0", 8), "zeros"},
      {"BM", "supported format (JPEG, PNG"},
      {"\xFF", "supported format (JPEG, PNG"},
      {"RIFF\1\2\3\4WAVE", "supported format (JPEG, PNG"}};
  for (const auto& [text, told] : strangers) {
    Decoded decoded = decode(bytes_of(text));
    EXPECT_FALSE(decoded.image);
    EXPECT_EQ(decoded.info.kind, FileKind::unknown);
    EXPECT_THAT(decoded.problem, HasSubstr(told));
  }
}

class EachKind : public testing::TestWithParam<const char*> {};

// Bytes at the end that hold nothing of the picture: JPEG's end mark, GIF's trailer with the empty block before it.
std::size_t bytes_of_end(const std::string& file) { return file.ends_with(".jpg") || file.ends_with(".gif") ? 2 : 0; }

TEST_P(EachKind, cut_short_anywhere_is_a_problem) {
  std::vector<std::byte> whole = picture_file(GetParam());
  std::optional<Image> image = decode(whole).image;
  ASSERT_TRUE(image);
  std::size_t needed = whole.size() - bytes_of_end(GetParam());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Decoded decoded = decode(std::span(whole).first(size));
    EXPECT_NE(decoded.image.has_value(), !decoded.problem.empty());
    if (!decoded.image) continue;
    EXPECT_GE(size, needed) << "of " << whole.size() << " bytes";
    EXPECT_EQ(decoded.image->pixels, image->pixels) << size << " of " << whole.size() << " bytes";
  }
}

TEST_P(EachKind, followed_by_anything_is_the_same_picture) {
  std::vector<std::byte> file = picture_file(GetParam());
  std::vector<std::uint8_t> expected = decode(file).image->pixels;
  for (int i = 0; i < 1000; ++i) file.push_back(static_cast<std::byte>(i * 37));
  Decoded decoded = decode(file);
  ASSERT_TRUE(decoded.image) << decoded.problem;
  EXPECT_EQ(decoded.image->pixels, expected);
}

TEST_P(EachKind, with_a_byte_changed_is_a_picture_of_a_sane_size_or_a_problem) {
  std::vector<std::byte> whole = picture_file(GetParam());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::vector<std::byte> changed = whole;
    changed[i] ^= std::byte{0x55};
    Decoded decoded = decode(changed, {.max_pixels = 1'000'000});
    ASSERT_NE(decoded.image.has_value(), !decoded.problem.empty()) << "byte " << i;
    if (decoded.image) {
      EXPECT_LE(std::int64_t{decoded.image->width} * decoded.image->height, 1'000'000);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EachKind,
                         testing::Values("rgb.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "palette_alpha.png",
                                         "lossy.webp", "lossless.webp", "rgb.heic", "rgb.avif", "interlaced.gif",
                                         "rgb.bmp", "alpha.bmp", "jpeg.tif", "lzw.tif", "adobe_rgb.png", "p3.jpg",
                                         "animated.webp"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

// A few hundred bytes that promise gigabytes: refused from the header, before anything is allocated.
TEST(BadPicture, that_promises_too_many_pixels_is_refused_by_its_header) {
  std::vector<std::byte> jpeg = picture_file("grey.jpg");
  auto* frame = static_cast<std::byte*>(memmem(jpeg.data(), jpeg.size(), "\xFF\xC0", 2));
  std::memcpy(frame + 5, "\xFF\xDC\xFF\xDC", 4);  // height and width: 65,500
  EXPECT_THAT(decode(jpeg).problem, HasSubstr("65500×65500"));

  std::vector<std::byte> webp = picture_file("lossless.webp");
  std::memcpy(webp.data() + 21, "\xFF\xFF\xFF\x0F", 4);  // 14 bits each of width and height, less one
  EXPECT_THAT(decode(webp).problem, HasSubstr("16384×16384"));
}

// libpng would allocate the 2 GB.
TEST(BadPicture, is_a_png_whose_exif_claims_to_be_longer_than_the_file) {
  std::vector<std::byte> file = picture_file("turned.png");
  auto* name = static_cast<std::byte*>(memmem(file.data(), file.size(), "eXIf", 4));
  std::memcpy(name - 4, "\x7F\xFF\xFF\x00", 4);
  EXPECT_EQ(decode(file).problem, "cut short");
}

TEST(BadPicture, of_more_pixels_than_the_caller_has_room_for_is_refused) {
  for (const char* name :
       {"rgb.jpg", "rgb.png", "lossy.webp", "rgb.heic", "rgb.avif", "rgb.gif", "rgb.bmp", "rgb.tif", "animated.webp"})
    EXPECT_THAT(decode(picture_file(name), {.max_pixels = 1000}).problem, HasSubstr("48×32 pixels, more than")) << name;
}

// As some cameras write it: nothing, or another file, follows the last row.
TEST(BadPicture, is_not_a_jpeg_that_lacks_nothing_but_its_end_mark) {
  for (const char* name : {"rgb.jpg", "grey.jpg", "progressive.jpg", "cmyk.jpg"}) {
    std::vector<std::byte> file = picture_file(name);
    std::vector<std::uint8_t> expected = decode(file).image->pixels;
    file.resize(file.size() - 2);
    Decoded ends = decode(file);
    ASSERT_TRUE(ends.image) << name << ": " << ends.problem;
    EXPECT_EQ(ends.image->pixels, expected) << name;
    std::vector<std::byte> trailer = bytes_of("SEFH, and so on: a video of the moment before");
    file.insert(file.end(), trailer.begin(), trailer.end());
    Decoded goes_on = decode(file);
    ASSERT_TRUE(goes_on.image) << name << ": " << goes_on.problem;
    EXPECT_EQ(goes_on.image->pixels, expected) << name;
  }
}

// A download that set the file's size at once and broke off: zeros are blocks of pixels, too.
TEST(BadPicture, is_a_jpeg_whose_end_is_zeros) {
  for (const char* name : {"rgb.jpg", "progressive.jpg"}) {
    std::vector<std::byte> file = picture_file(name);
    std::fill(file.end() - static_cast<std::ptrdiff_t>(file.size() / 8), file.end(), std::byte{0});
    file.resize(file.size() + 10'000);
    EXPECT_FALSE(decode(file).image) << name;
  }
}

// Progressive: all rows are there after the first scan, but coarse.
TEST(BadPicture, is_a_progressive_jpeg_that_ends_after_some_of_its_scans) {
  std::vector<std::byte> file = picture_file("progressive.jpg");
  int scans = 0;
  for (std::size_t i = 1; i < file.size(); ++i) {
    if (file[i - 1] != std::byte{0xFF} || file[i] != std::byte{0xDA}) continue;
    if (++scans < 2) continue;
    Decoded decoded = decode(std::span(file).first(i - 1));
    EXPECT_FALSE(decoded.image) << "before scan " << scans;
  }
  EXPECT_GT(scans, 3);
}

// A scan costs a pass over all coefficients, however few bytes it has.
TEST(BadPicture, is_a_progressive_jpeg_of_more_scans_than_its_size_allows) {
  EXPECT_TRUE(decode(ManyScans::file(64, 64, 100)).image);
  EXPECT_EQ(decode(ManyScans::file(64, 64, 101)).problem, "has more than 100 scans, too many for its size");
  EXPECT_EQ(decode(ManyScans::file(4500, 4500, 21)).problem, "has more than 20 scans, too many for its size");
  Decoded few = decode(ManyScans::file(2000, 2000, 10), {.grey = true});
  ASSERT_TRUE(few.image);
  EXPECT_TRUE(few.info.several_scans);
  EXPECT_EQ(few.image->pixels[0], 128);  // a difference of none from the middle
}

TEST(BadPicture, is_a_jpeg_that_the_caller_has_no_more_time_for) {
  for (const char* name : {"rgb.jpg", "progressive.jpg"}) {
    int asked = 0;
    EXPECT_TRUE(decode(picture_file(name), {.takes_too_long = [&] { return ++asked < 0; }}).image);
    EXPECT_GT(asked, 0);
    EXPECT_EQ(decode(picture_file(name), {.takes_too_long = [] { return true; }}).problem, "takes too long to decode");
  }
}

// A frame of 65,535 × 65,535 on a canvas of a few pixels would have to be unpacked to its end.
TEST(BadPicture, is_a_gif_whose_frame_has_too_many_pixels) {
  std::vector<std::byte> file = picture_file("rgb.gif");
  auto frame = std::find(file.begin(), file.end(), std::byte{','});  // 10 bytes: mark, left, top, width, height, flags
  ASSERT_NE(frame, file.end());
  while (frame[1] != std::byte{0} || frame[2] != std::byte{0}) frame = std::find(frame + 1, file.end(), std::byte{','});
  std::fill(frame + 5, frame + 9, std::byte{0xFF});
  EXPECT_THAT(decode(file).problem, HasSubstr("is 65535×65535 pixels"));
}

// A TIFF's JPEG cannot be stopped while it is decoded.
TEST(BadPicture, is_a_tiff_with_a_jpeg_of_many_scans) {
  std::vector<std::byte> file = picture_file("jpeg.tif");
  ASSERT_TRUE(decode(file).image);
  const std::vector<std::byte> scan{std::byte{0xFF}, std::byte{0xDA}};
  auto first = std::search(file.begin(), file.end(), scan.begin(), scan.end());
  ASSERT_NE(first, file.end());
  for (int i = 1; i <= 21; ++i) std::copy(scan.begin(), scan.end(), first + static_cast<std::ptrdiff_t>(20 * i));
  EXPECT_EQ(decode(file).problem, "has a JPEG of more than 20 scans");
}

TEST(BadPicture, is_a_heic_that_lays_pictures_over_each_other) {
  std::vector<std::byte> file = picture_file("rgb.heic");
  const std::vector<std::byte> kind = bytes_of("hvc1"), item = bytes_of("infe");
  auto at = std::search(file.begin(), file.end(), item.begin(), item.end());
  at = std::search(at, file.end(), kind.begin(), kind.end());
  ASSERT_NE(at, file.end());
  std::vector<std::byte> overlay = bytes_of("iovl");
  std::copy(overlay.begin(), overlay.end(), at);
  EXPECT_THAT(decode(file).problem, HasSubstr("an overlay of several pictures"));
}

// Harmless and common: bytes between the last pixel and the end marker.
TEST(BadPicture, is_not_a_jpeg_with_padding_before_its_end_marker) {
  std::vector<std::byte> file = picture_file("rgb.jpg");
  file.insert(file.end() - 2, 16, std::byte{0});
  EXPECT_TRUE(decode(file).image);
}

TEST(BadPicture, is_a_jpeg_with_a_hole_in_its_pixels) {
  std::vector<std::byte> file = picture_file("rgb.jpg");
  std::fill(file.end() - 100, file.end() - 40, std::byte{0xFF});
  EXPECT_FALSE(decode(file).image);
}

}  // namespace
}  // namespace agewise::image
