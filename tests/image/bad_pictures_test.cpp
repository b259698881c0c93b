// Files that are not what they should be: each a problem in a few words, never half a picture and never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "agewise/image/decode.h"
#include "tests/image/pictures.h"

namespace agewise::image {
namespace {

using testing::HasSubstr;

std::vector<std::byte> bytes_of(std::string_view text) {
  auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

TEST(BadPicture, of_no_bytes_is_called_empty) { EXPECT_EQ(decode({}).problem, "the file is empty"); }

TEST(BadPicture, of_another_kind_of_file_is_told_so) {
  for (std::string_view text : {"<html>404 not found</html>", "GIF89a\1\0\1\0", "BM", "\xFF", "RIFF\1\2\3\4WAVE"}) {
    Decoded decoded = decode(bytes_of(text));
    EXPECT_FALSE(decoded.image);
    EXPECT_EQ(decoded.info.kind, FileKind::unknown);
    EXPECT_EQ(decoded.problem, "not a JPEG, PNG, WebP or HEIC file");
  }
}

class EachKind : public testing::TestWithParam<const char*> {};

TEST_P(EachKind, cut_short_anywhere_is_a_problem) {
  std::vector<std::byte> whole = picture_file(GetParam());
  ASSERT_TRUE(decode(whole).image);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Decoded decoded = decode(std::span(whole).first(size));
    EXPECT_FALSE(decoded.image) << size << " of " << whole.size() << " bytes";
    EXPECT_FALSE(decoded.problem.empty());
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
                                         "lossy.webp", "lossless.webp", "rgb.heic"),
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
  for (const char* name : {"rgb.jpg", "rgb.png", "lossy.webp", "rgb.heic"})
    EXPECT_THAT(decode(picture_file(name), {.max_pixels = 1000}).problem, HasSubstr("48×32 pixels, more than")) << name;
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
