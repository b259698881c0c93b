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
  return file.ends_with(".jpg") || file == "lossy.webp" || file == "rgb.heic" ? 2 : 1;
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

TEST(Decode, gives_the_same_picture_on_every_thread) {
  std::vector<std::string> names{"rgb.jpg", "cmyk.jpg", "progressive.jpg", "rgba.png", "lossy.webp", "rgb.heic"};
  std::vector<std::vector<std::uint8_t>> alone;
  for (const std::string& name : names) alone.push_back(decode(picture_file(name)).image->pixels);
  base::parallel_for(4, 120, [&](std::size_t i) {
    std::size_t which = i % names.size();
    EXPECT_EQ(decode(picture_file(names[which])).image->pixels, alone[which]);
  });
}

}  // namespace
}  // namespace agewise::image
