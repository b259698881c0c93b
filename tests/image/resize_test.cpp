#include "agewise/image/resize.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "agewise/base/files.h"

namespace agewise::image {
namespace {

// The same as in make_pictures.py: a linear congruential generator's upper bits.
Image noise(int width, int height, int channels) {
  Image image = make_image(width, height, channels);
  std::uint32_t state = 12345;
  for (std::uint8_t& value : image.pixels) {
    state = (state * 1103515245U + 12345U) % 0x80000000U;
    value = static_cast<std::uint8_t>(state >> 23);
  }
  return image;
}

TEST(Resize, agrees_with_pillows_bilinear_within_one_level) {
  std::istringstream lines(base::read_text_file(AGEWISE_SOURCE_DIR "/tests/image/resize.txt", 1 << 20));
  int cases = 0;
  for (int width = 0, height = 0, channels = 0, to_width = 0, to_height = 0;
       lines >> width >> height >> channels >> to_width >> to_height; ++cases) {
    std::string expected;
    lines >> expected;
    Image resized = resize(noise(width, height, channels), to_width, to_height);
    ASSERT_EQ(resized.pixels.size() * 2, expected.size());
    for (std::size_t i = 0; i < resized.pixels.size(); ++i) {
      ASSERT_NEAR(resized.pixels[i], std::stoi(expected.substr(2 * i, 2), nullptr, 16), 1)
          << width << "×" << height << "×" << channels << " to " << to_width << "×" << to_height << ", value " << i;
    }
  }
  EXPECT_EQ(cases, 9);
}

TEST(Resize, leaves_a_flat_picture_flat) {
  for (int level : {0, 1, 127, 254, 255}) {
    for (int to : {1, 3, 16, 50, 128}) {
      Image flat = make_image(47, 31, 3);
      std::fill(flat.pixels.begin(), flat.pixels.end(), static_cast<std::uint8_t>(level));
      Image resized = resize(flat, to, to);
      EXPECT_EQ(resized.pixels, std::vector<std::uint8_t>(resized.pixels.size(), static_cast<std::uint8_t>(level)));
    }
  }
}

TEST(Resize, to_the_same_size_changes_nothing) {
  EXPECT_EQ(resize(noise(20, 11, 3), 20, 11).pixels, noise(20, 11, 3).pixels);
}

Image counting() {
  Image image = make_image(4, 3, 1);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(10 * i);
  return image;
}

TEST(CutOut, takes_the_pixels_under_the_box) {
  EXPECT_EQ(cut_out(counting(), {1, 1, 3, 3}, 2, 2).pixels, (std::vector<std::uint8_t>{50, 60, 90, 100}));
}

TEST(CutOut, repeats_the_border_outside_the_picture) {
  EXPECT_EQ(cut_out(counting(), {-1, -1, 1, 1}, 2, 2).pixels, (std::vector<std::uint8_t>{0, 0, 0, 0}));
  EXPECT_EQ(cut_out(counting(), {3, 2, 5, 4}, 2, 2).pixels, (std::vector<std::uint8_t>{110, 110, 110, 110}));
  EXPECT_EQ(cut_out(counting(), {0, -2, 2, 1}, 2, 3).pixels, (std::vector<std::uint8_t>{0, 10, 0, 10, 0, 10}));
}

TEST(CutOut, rounds_half_pixels_away_from_zero) {
  EXPECT_EQ(cut_out(counting(), {0.5, 0.5, 1.5, 1.5}, 1, 1).pixels, cut_out(counting(), {1, 1, 2, 2}, 1, 1).pixels);
  EXPECT_EQ(cut_out(counting(), {-0.5, 0, 1, 1}, 2, 1).pixels, cut_out(counting(), {-1, 0, 1, 1}, 2, 1).pixels);
}

TEST(CutOut, refuses_a_box_that_is_empty_or_not_finite_or_absurd) {
  double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (Box box : {Box{1, 1, 1, 3}, Box{3, 1, 1, 3}, Box{nan, 0, 1, 1}, Box{0, 0, inf, 1}, Box{0, -inf, 1, 1},
                  Box{0, 0, 1e9, 1e9}, Box{1e12, 0, 1e12 + 1, 1}}) {
    EXPECT_THROW(cut_out(counting(), box, 2, 2), std::invalid_argument);
  }
}

}  // namespace
}  // namespace agewise::image
