#include "agewise/report/sheet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace agewise::report {
namespace {

image::Image one_colour(int size, int channels, std::uint8_t value) {
  image::Image image = image::make_image(size, size, channels);
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return image;
}

int count(const image::Image& image, std::uint8_t value) {
  int n = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    if (image.pixels[i] == value && image.pixels[i + 1] == value && image.pixels[i + 2] == value) ++n;
  }
  return n;
}

TEST(ContactSheet, shows_every_picture_at_the_tiles_size) {
  std::vector<Tile> tiles{{one_colour(64, 1, 77), ""}, {one_colour(10, 3, 99), ""}, {one_colour(200, 1, 111), ""}};
  image::Image sheet = contact_sheet(tiles, "", 2, 32);
  EXPECT_EQ(count(sheet, 77), 32 * 32);
  EXPECT_EQ(count(sheet, 99), 32 * 32);
  EXPECT_EQ(count(sheet, 111), 32 * 32);
}

TEST(ContactSheet, is_as_wide_as_its_columns_and_grows_by_rows) {
  std::vector<Tile> five(5, Tile{one_colour(8, 1, 0), "age 31"});
  image::Image two_rows = contact_sheet(five, "five", 4), three_rows = contact_sheet(five, "five", 2);
  EXPECT_EQ(two_rows.width - three_rows.width, 2 * (96 + 12));
  EXPECT_EQ(three_rows.height - two_rows.height, 96 + 22 + 12);
}

TEST(ContactSheet, cuts_captions_that_are_wider_than_a_tile) {
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "ü";
  std::vector<Tile> tiles(1, Tile{one_colour(8, 1, 255), wide});
  image::Image sheet = contact_sheet(tiles, wide, 1);
  // The edges stay paper.
  for (int y = 0; y < sheet.height; ++y) {
    EXPECT_EQ(sheet.row(y)[0], 255);
    EXPECT_EQ(sheet.row(y)[3 * (sheet.width - 1)], 255);
  }
}

}  // namespace
}  // namespace agewise::report
