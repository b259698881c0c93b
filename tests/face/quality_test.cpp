#include "agewise/face/quality.h"

#include <gtest/gtest.h>

namespace agewise::face {
namespace {

image::Image stripes(int size, int width) {
  image::Image image = image::make_image(size, size, 1);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) image.row(y)[x] = x / width % 2 == 0 ? 100 : 200;
  }
  return image;
}

FaceCut cut(image::Image image, double width) { return {std::move(image), Face{{0, 0, width, width}, 0, 1}, 0}; }

// Columns 100, 200, 100 …: the Laplacian is ±200 = 4 times the deviation of 50.
TEST(Detail, is_the_laplacians_deviation_over_the_pictures) {
  EXPECT_NEAR(detail_of(stripes(64, 1)), 4, 0.01);
  EXPECT_EQ(detail_of(image::make_image(64, 64, 3)), 0);
}

TEST(Detail, does_not_depend_on_contrast_but_on_sharpness) {
  image::Image faint = stripes(64, 4);
  for (std::uint8_t& pixel : faint.pixels) pixel = static_cast<std::uint8_t>(140 + (pixel - 100) / 10);
  EXPECT_NEAR(detail_of(faint), detail_of(stripes(64, 4)), 1e-3);
  EXPECT_LT(detail_of(stripes(64, 16)), detail_of(stripes(64, 4)) / 1.5);
}

TEST(Quality, refuses_faces_that_are_small_in_their_picture_or_blurred) {
  EXPECT_EQ(quality_of(cut(stripes(64, 4), 100), 0), Quality::fine);
  EXPECT_EQ(quality_of(cut(stripes(64, 4), kSmallestFace - 1), 0), Quality::too_small);
  EXPECT_EQ(quality_of(cut(image::make_image(64, 64, 1), 100), 0), Quality::too_blurred);
  EXPECT_EQ(quality_of({image::make_image(64, 64, 1), std::nullopt, 0}, 0), Quality::fine);  // a picture, not a face
}

// Stripes around an even middle: of 140 pixels a margin of 20 % is 20 on each side.
TEST(Quality, measures_what_lies_within_the_margin) {
  image::Image picture = stripes(140, 4);
  for (int y = 20; y < 120; ++y) std::fill_n(picture.row(y) + 20, 100, std::uint8_t{128});
  EXPECT_EQ(quality_of(cut(picture, 100), 0), Quality::fine);
  EXPECT_EQ(quality_of(cut(picture, 100), 0.2), Quality::too_blurred);
}

}  // namespace
}  // namespace agewise::face
