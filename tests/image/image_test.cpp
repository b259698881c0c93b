#include "agewise/image/image.h"

#include <gtest/gtest.h>

#include "agewise/image/decode.h"
#include "agewise/image/encode.h"

namespace agewise::image {
namespace {

// ITU-R 601: 0.299, 0.587 and 0.114 of 255.
TEST(Grey, weighs_colours_by_rec_601) {
  Image colours{4, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255}};
  EXPECT_EQ(to_grey(colours).pixels, (std::vector<std::uint8_t>{76, 150, 29, 255}));
}

TEST(Grey, becomes_rgb_by_repetition) {
  EXPECT_EQ(to_rgb({2, 1, 1, {3, 7}}).pixels, (std::vector<std::uint8_t>{3, 3, 3, 7, 7, 7}));
}

// The letters of the stored picture
//   a b
//   c d
//   e f
// as EXIF 2.3 says where its rows and columns belong.
TEST(Orientation, has_eight_ways_to_turn_a_picture_upright) {
  Image stored{2, 3, 1, {'a', 'b', 'c', 'd', 'e', 'f'}};
  auto upright = [&](int tag) {
    Image image = turned_upright(stored, tag);
    EXPECT_EQ(image.width, tag >= 5 && tag <= 8 ? 3 : 2);
    return std::string(image.pixels.begin(), image.pixels.end());
  };
  EXPECT_EQ(upright(1), "abcdef");
  EXPECT_EQ(upright(2), "badcfe");
  EXPECT_EQ(upright(3), "fedcba");
  EXPECT_EQ(upright(4), "efcdab");
  EXPECT_EQ(upright(5), "acebdf");
  EXPECT_EQ(upright(6), "ecafdb");
  EXPECT_EQ(upright(7), "fdbeca");
  EXPECT_EQ(upright(8), "bdface");
  EXPECT_EQ(upright(0), "abcdef");
  EXPECT_EQ(upright(9), "abcdef");
}

// Wherever a lit pixel goes, its box goes too.
TEST(Orientation, takes_a_box_to_where_the_pixels_under_it_go) {
  for (int tag = 0; tag <= 9; ++tag) {
    Image stored = make_image(5, 7, 1);
    stored.row(2)[1] = stored.row(2)[2] = 255;
    Image upright = turned_upright(stored, tag);
    Box box = turned_upright(Box{1, 2, 3, 3}, 5, 7, tag);
    int lit = 0;
    for (int y = static_cast<int>(box.top); y < box.bottom; ++y) {
      for (int x = static_cast<int>(box.left); x < box.right; ++x) lit += upright.row(y)[x] == 255 ? 1 : 0;
    }
    EXPECT_EQ(lit, 2) << tag;
    EXPECT_EQ((box.right - box.left) * (box.bottom - box.top), 2) << tag;
  }
}

Image gradient(int channels) {
  Image image = make_image(37, 23, channels);
  for (int y = 0; y < image.height; ++y) {
    for (int i = 0; i < image.width * channels; ++i)
      image.row(y)[i] = static_cast<std::uint8_t>(3 * y + 2 * i / channels);
  }
  return image;
}

TEST(Encode, png_loses_nothing) {
  for (int channels : {1, 3}) {
    Decoded decoded = decode(encode_png(gradient(channels)));
    EXPECT_EQ(decoded.info.channels, channels);
    EXPECT_EQ(decoded.image->pixels, gradient(channels).pixels);
  }
}

TEST(Encode, jpeg_of_quality_95_stays_within_two_levels_of_a_smooth_picture) {
  for (int channels : {1, 3}) {
    Decoded decoded = decode(encode_jpeg(gradient(channels), 95));
    ASSERT_TRUE(decoded.image) << decoded.problem;
    EXPECT_EQ(decoded.info.channels, channels);
    std::vector<std::uint8_t> expected = gradient(channels).pixels;
    for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(decoded.image->pixels[i], expected[i], 2);
  }
}

// Without subsampling the chroma of neighbouring columns stays apart: red and blue columns keep their colour.
TEST(Encode, jpeg_keeps_the_colour_of_single_columns) {
  Image stripes = make_image(16, 16, 3);
  for (std::size_t i = 0; i < stripes.pixels.size(); i += 3) stripes.pixels[i + (i / 3 % 2) * 2] = 255;
  Image decoded = *decode(encode_jpeg(stripes, 95)).image;
  EXPECT_GT(decoded.row(8)[8 * 3], 200);  // red
  EXPECT_LT(decoded.row(8)[8 * 3 + 2], 60);
  EXPECT_GT(decoded.row(8)[9 * 3 + 2], 200);  // blue
}

}  // namespace
}  // namespace agewise::image
