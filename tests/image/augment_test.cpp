#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>
#include <sstream>
#include <stdexcept>

#include "agewise/image/colour.h"
#include "agewise/image/corruptions.h"
#include "agewise/image/resize.h"
#include "agewise/image/warp.h"

namespace agewise::image {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

// The picture of make_warp.py.
Image small() {
  Image image = make_image(7, 6, 1);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * 37 % 251);
  return image;
}

Image small_in_colour() {
  Image image = to_rgb(small());
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) image.pixels[i] = static_cast<std::uint8_t>(i);
  return image;
}

std::vector<int> golden_line(int number) {
  std::ifstream file(AGEWISE_SOURCE_DIR "/tests/image/warp.txt");
  std::string line;
  for (int i = 0; i <= number; ++i) std::getline(file, line);
  std::istringstream in(line);
  return {std::istream_iterator<int>(in), {}};
}

void expect_within_one(const Image& image, const std::vector<int>& golden) {
  ASSERT_EQ(image.pixels.size(), golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(image.pixels[i], golden[i], 1) << i;
}

TEST(Warp, is_what_scipy_computes) {
  Placement turned{3.5, 3, 0.5, -0.75, 13, 1.2, false};
  expect_within_one(warp(small(), map_of(turned, 7, 6), 7, 6), golden_line(0));
  Placement mirrored{3.5, 3, 1, 2, -40, 0.7, true};
  expect_within_one(warp(small(), map_of(mirrored, 5, 8), 5, 8), golden_line(1));
}

TEST(Warp, by_quarter_turns_and_mirrors_moves_pixels_whole) {
  Image image = small_in_colour();
  Placement quarter{3.5, 3, 0, 0, 90, 1, false}, mirror{3.5, 3, 0, 0, 0, 1, true};
  EXPECT_EQ(warp(image, map_of(quarter, 6, 7), 6, 7).pixels, turned_upright(image, 6).pixels);
  EXPECT_EQ(warp(image, map_of(mirror, 7, 6), 7, 6).pixels, turned_upright(image, 2).pixels);
}

TEST(Warp, repeats_the_border_outside) {
  Placement far{3.5, 3, 3, 0, 0, 1, false};  // three pixels to the right
  EXPECT_EQ(warp(small(), map_of(far, 7, 6), 7, 6).pixels, cut_out(small(), {-3, 0, 4, 6}, 7, 6).pixels);
}

TEST(Warp, refuses_a_map_that_is_not_finite) {
  Affine broken;
  broken.xx = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(warp(small(), broken, 4, 4), std::invalid_argument);
}

Image one_pixel(std::uint8_t r, std::uint8_t g, std::uint8_t b) { return {1, 1, 3, {r, g, b}}; }

std::vector<std::uint8_t> changed(const ColourMatrix& matrix, Image image) {
  recolour(matrix, image);
  return image.pixels;
}

TEST(Colour, brightness_contrast_and_tint_by_hand) {
  Image pixel = one_pixel(100, 200, 10);
  EXPECT_THAT(changed(brightness(1.5), pixel), ElementsAre(150, 255, 15));
  EXPECT_THAT(changed(contrast(0.5, 60), pixel), ElementsAre(80, 130, 35));
  EXPECT_THAT(changed(tint(1, 0.5, 2), pixel), ElementsAre(100, 100, 20));
}

// 0.299 · 100 + 0.587 · 200 + 0.114 · 10 = 148.44.
TEST(Colour, saturation_moves_towards_the_luma) {
  Image pixel = one_pixel(100, 200, 10);
  EXPECT_THAT(changed(saturation(0), pixel), ElementsAre(148, 148, 148));
  EXPECT_THAT(changed(saturation(0.5), pixel), ElementsAre(124, 174, 79));
  EXPECT_THAT(changed(saturation(1), pixel), ElementsAreArray(pixel.pixels));
}

// W3C Filter Effects, hueRotate(180): red's column of the matrix is (-0.574, 0.426, 0.426); 0.426 · 255 = 108.6.
TEST(Colour, hue_turns_as_filter_effects_do_and_leaves_grey_alone) {
  EXPECT_THAT(changed(hue(180), one_pixel(255, 0, 0)), ElementsAre(0, 109, 109));
  EXPECT_THAT(changed(hue(77), one_pixel(90, 90, 90)), ElementsAre(90, 90, 90));
  EXPECT_THAT(changed(hue(360), one_pixel(9, 80, 200)), ElementsAre(9, 80, 200));
}

TEST(Colour, changes_are_made_one_after_the_other) {
  EXPECT_THAT(changed(then(contrast(0.5, 60), brightness(2)), one_pixel(100, 60, 20)), ElementsAre(160, 120, 80));
  EXPECT_THAT(changed(then(brightness(2), contrast(0.5, 60)), one_pixel(100, 60, 20)), ElementsAre(130, 90, 50));
}

TEST(Colour, a_grey_picture_takes_light_and_contrast) {
  EXPECT_THAT(changed(then(contrast(0.5, 60), brightness(2)), Image{2, 1, 1, {100, 20}}), ElementsAre(160, 80));
  EXPECT_THAT(changed(then(hue(40), saturation(0.3)), Image{2, 1, 1, {100, 20}}), ElementsAre(100, 20));
}

TEST(MeanLuma, is_that_of_itu_r_601) {
  EXPECT_NEAR(mean_luma(one_pixel(100, 200, 10)), 148.44, 1e-9);
  EXPECT_EQ(mean_luma(Image{2, 1, 1, {100, 20}}), 60);
}

TEST(Noise, has_its_deviation_and_no_bias) {
  Image image = make_image(100, 100, 1);
  std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{128});
  add_noise(image, 10, 7);
  double sum = 0, squares = 0;
  for (std::uint8_t pixel : image.pixels) sum += pixel - 128, squares += (pixel - 128) * (pixel - 128);
  EXPECT_NEAR(sum / 10000, 0, 0.3);                  // three standard errors: 3 · 10 / 100
  EXPECT_NEAR(std::sqrt(squares / 10000), 10, 0.3);  // and of a deviation: 3 · 10 / √20000, and rounding
}

TEST(Noise, is_a_function_of_its_seed) {
  Image one = small_in_colour(), two = one, other = one;
  add_noise(one, 9, 5), add_noise(two, 9, 5), add_noise(other, 9, 6);
  EXPECT_EQ(one.pixels, two.pixels);
  EXPECT_NE(one.pixels, other.pixels);
}

// Stripes of one pixel: shrunk to half nothing is left of them but their mean.
TEST(Blurred, loses_what_is_finer_than_its_factor) {
  Image stripes = make_image(16, 16, 1);
  for (std::size_t i = 0; i < stripes.pixels.size(); ++i) stripes.pixels[i] = i % 2 == 0 ? 0 : 200;
  Image lost = blurred(stripes, 4);
  for (std::uint8_t pixel : lost.pixels) EXPECT_NEAR(pixel, 100, 12);
  EXPECT_EQ(blurred(stripes, 1).pixels, stripes.pixels);
}

TEST(ThroughJpeg, costs_more_the_lower_the_quality) {
  Image image = make_image(32, 32, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>(128 + 90 * std::sin(static_cast<double>(i) / 7));
  auto loss = [&](int quality) {
    Image again = through_jpeg(image, quality);
    double sum = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) sum += std::abs(image.pixels[i] - again.pixels[i]);
    return sum / static_cast<double>(image.pixels.size());
  };
  EXPECT_LT(loss(95), 4);
  EXPECT_GT(loss(10), 2 * loss(95));
}

TEST(Erase, changes_the_patch_and_nothing_else) {
  Image image = make_image(8, 8, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), std::uint8_t{77});
  erase(image, {5, 6, 12, 40}, 3);
  int changed_pixels = 0;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const std::uint8_t* pixel = image.row(y) + static_cast<std::ptrdiff_t>(3) * x;
      bool same = pixel[0] == 77 && pixel[1] == 77 && pixel[2] == 77;
      bool outside = x < 5 || y < 6;
      EXPECT_TRUE(same || !outside) << x << ' ' << y;
      changed_pixels += same ? 0 : 1;
    }
  }
  EXPECT_EQ(changed_pixels, 3 * 2);
}

}  // namespace
}  // namespace agewise::image
