#include "agewise/image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "agewise/base/workers.h"
#include "tests/image/pictures.h"

namespace agewise::image {
namespace {

struct Place {
  int x, y;
  std::vector<int> values;
};

// A line of golden.txt: what Pillow sees in a file.
struct Golden {
  std::string file;
  bool grey;
  int width, height, channels, bits;
  std::vector<Place> places;
};

Golden parse(const std::string& line) {
  Golden golden;
  std::string mode;
  std::istringstream text(line);
  text >> golden.file >> mode >> golden.width >> golden.height >> golden.channels >> golden.bits;
  golden.grey = mode == "grey";
  Place place{0, 0, std::vector<int>(golden.grey ? 1 : 3)};
  while (text >> place.x >> place.y) {
    for (int& value : place.values) text >> value;
    golden.places.push_back(place);
  }
  return golden;
}

std::vector<Golden> all_golden() {
  std::vector<Golden> all;
  std::istringstream lines(base::read_text_file(AGEWISE_SOURCE_DIR "/tests/image/golden.txt", 1 << 20));
  for (std::string line; std::getline(lines, line);) all.push_back(parse(line));
  return all;
}

// Other decoders of lossy files differ by rounding; the CMYK ones also by Pillow's own arithmetic.
int tolerance(const std::string& file) {
  if (file.starts_with("p3.")) return 3;  // lossy, and in other colours
  return file.ends_with(".jpg") || file == "lossy.webp" || file == "rgb.heic" || file.ends_with(".avif") ||
                 file == "jpeg.tif"
             ? 2
             : 1;
}

class GoldenPicture : public testing::TestWithParam<Golden> {};

TEST_P(GoldenPicture, is_seen_as_pillow_sees_it) {
  const Golden& golden = GetParam();
  Decoded decoded = decode(picture_file(golden.file), {.grey = golden.grey});
  ASSERT_TRUE(decoded.image) << decoded.problem;
  const Image& image = *decoded.image;
  EXPECT_EQ(decoded.info.channels, golden.channels);
  EXPECT_EQ(decoded.info.bits, golden.bits);
  ASSERT_EQ(image.width, golden.width);
  ASSERT_EQ(image.height, golden.height);
  for (const Place& place : golden.places) {
    Image seen = golden.grey ? image : to_rgb(image);
    const std::uint8_t* pixel = seen.row(place.y) + static_cast<std::ptrdiff_t>(place.x) * seen.channels;
    for (std::size_t c = 0; c < place.values.size(); ++c)
      EXPECT_NEAR(pixel[c], place.values[c], tolerance(golden.file)) << "at " << place.x << ", " << place.y;
  }
}

std::string test_name(const testing::TestParamInfo<Golden>& info) {
  std::string name = info.param.file + (info.param.grey ? "_grey" : "_rgb");
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, GoldenPicture, testing::ValuesIn(all_golden()), test_name);

TEST(Decode, tells_kinds_apart_by_content) {
  EXPECT_EQ(decode(picture_file("rgb.jpg")).info.kind, FileKind::jpeg);
  EXPECT_EQ(decode(picture_file("rgb.png")).info.kind, FileKind::png);
  EXPECT_EQ(decode(picture_file("lossy.webp")).info.kind, FileKind::webp);
  EXPECT_EQ(decode(picture_file("rgb.heic")).info.kind, FileKind::heif);
  EXPECT_EQ(decode(picture_file("rgb.avif")).info.kind, FileKind::avif);
  EXPECT_EQ(decode(picture_file("rgb.gif")).info.kind, FileKind::gif);
  EXPECT_EQ(decode(picture_file("rgb.bmp")).info.kind, FileKind::bmp);
  EXPECT_EQ(decode(picture_file("rgb.tif")).info.kind, FileKind::tiff);
}

TEST(Decode, gives_the_stored_size_in_info_and_the_upright_one_in_the_picture) {
  Decoded decoded = decode(picture_file("turned_6.jpg"));
  EXPECT_EQ(decoded.info.width, 32);
  EXPECT_EQ(decoded.info.height, 48);
  EXPECT_EQ(decoded.image->width, 48);
}

// 48×32 stored: the half is 24×16, the quarter 12×8.
TEST(Decode, halves_a_jpeg_as_long_as_enough_pixels_are_left) {
  std::vector<std::byte> file = picture_file("rgb.jpg");
  EXPECT_EQ(decode(file, {.enough_pixels = 17}).image->width, 48);
  EXPECT_EQ(decode(file, {.enough_pixels = 16}).image->width, 24);
  EXPECT_EQ(decode(file, {.enough_pixels = 8}).image->width, 12);
  EXPECT_EQ(decode(file, {.enough_pixels = 1}).image->height, 4);
  EXPECT_EQ(decode(file, {.enough_pixels = 16}).info.width, 48);
}

TEST(Decode, counts_the_pixels_that_are_in_memory_at_once) {
  std::vector<std::byte> baseline = picture_file("rgb.jpg"), progressive = picture_file("progressive.jpg");
  DecodeOptions half{.enough_pixels = 16, .max_pixels = 24 * 16};
  EXPECT_TRUE(decode(baseline, half).image);
  EXPECT_FALSE(decode(progressive, half).image) << "its coefficients are all held until the last scan";
  EXPECT_THAT(decode(baseline, {.max_pixels = 24 * 16}).problem, testing::HasSubstr("48×32"));
}

// 48×32 = 1,536 pixels; the half has 384, the quarter 96.
TEST(Decode, reduces_a_jpeg_that_is_too_large_and_says_by_how_much) {
  std::vector<std::byte> file = picture_file("rgb.jpg");
  auto reduced_to = [&](std::uint64_t most) { return decode(file, {.max_pixels = most, .reduce_to_fit = true}); };
  EXPECT_EQ(reduced_to(1536).reduction, 1);
  EXPECT_EQ(reduced_to(1535).reduction, 2);
  EXPECT_EQ(reduced_to(384).image->width, 24);
  EXPECT_EQ(reduced_to(383).reduction, 4);
  EXPECT_EQ(reduced_to(383).info.width, 48);
  EXPECT_FALSE(reduced_to(23).image) << "an eighth, 6×4, has 24";
  EXPECT_FALSE(decode(picture_file("rgb.png"), {.max_pixels = 1535, .reduce_to_fit = true}).image);
}

// To the bit: most files name sRGB, and what was prepared before profiles were read must come out the same.
TEST(Decode, leaves_pixels_alone_whose_profile_is_srgb_or_broken) {
  for (bool grey : {false, true}) {
    std::vector<std::uint8_t> plain = decode(picture_file("rgb.jpg"), {.grey = grey}).image->pixels;
    EXPECT_EQ(decode(picture_file("srgb.jpg"), {.grey = grey}).image->pixels, plain);
    EXPECT_EQ(decode(picture_file("broken_profile.jpg"), {.grey = grey}).image->pixels, plain);
  }
}

TEST(Kinds, are_told_by_the_ending_in_any_case) {
  for (const char* name : {"a.jpg", "A.JPG", "a.b.JpEg", "x/y.jfif", "x/y.jpe", "a.tif", "a.TIFF", "a.heic", "a.avif",
                           "a.gif", "a.bmp", "a.webp", "a.png", "a.jpg_face.jpg"})
    EXPECT_TRUE(has_picture_ending(name)) << name;
  for (const char* name : {"a.jpg.txt", "a", "jpg", ".jpg", "x.jpg/a", "a.mp4", "a.zip"})
    EXPECT_FALSE(has_picture_ending(name)) << name;
}

TEST(Kinds, litter_is_what_systems_leave_among_pictures) {
  for (const char* path : {"a/._b.jpg", "._b.jpg", "__MACOSX/a/b.jpg", "x/__MACOSX/._b.jpg", ".DS_Store", "a/Thumbs.db",
                           "a/@eaDir/b.jpg/SYNOPHOTO_THUMB_M.jpg", "desktop.ini"})
    EXPECT_TRUE(is_litter(path)) << path;
  for (const char* path : {"a/b.jpg", "_b.jpg", "a.__MACOSX.jpg", "._/b.jpg", "thumbs/a.jpg"})
    EXPECT_FALSE(is_litter(path)) << path;
}

TEST(Decode, gives_the_same_picture_on_every_thread) {
  std::vector<std::string> names{"rgb.jpg",    "cmyk.jpg", "progressive.jpg", "rgba.png",
                                 "lossy.webp", "rgb.heic", "p3.jpg",          "adobe_rgb.tif",
                                 "rgb.gif",    "rgb.bmp",  "rgb.avif",        "animated.webp"};
  std::vector<std::vector<std::uint8_t>> alone;
  for (const std::string& name : names) alone.push_back(decode(picture_file(name)).image->pixels);
  base::parallel_for(4, 120, [&](std::size_t i) {
    std::size_t which = i % names.size();
    EXPECT_EQ(decode(picture_file(names[which])).image->pixels, alone[which]);
  });
}

}  // namespace
}  // namespace agewise::image
