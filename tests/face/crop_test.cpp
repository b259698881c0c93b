#include "agewise/face/crop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

TEST(PreparedFace, has_the_recipes_size_and_colour) {
  image::Image red = image::make_image(6, 4, 3);
  for (std::size_t i = 0; i < red.pixels.size(); i += 3) red.pixels[i] = 255;
  image::Image grey = prepared_face({2, recipe::Colour::grey}, red);
  EXPECT_EQ(grey.pixels, (std::vector<std::uint8_t>{76, 76, 76, 76}));  // 0.299 · 255
  image::Image colour = prepared_face({1, recipe::Colour::rgb}, image::Image{1, 1, 1, {9}});
  EXPECT_EQ(colour.pixels, (std::vector<std::uint8_t>{9, 9, 9}));
}

// A face of 100 × 200 at (50, 60): DEX adds 40 on the left and right, 80 above and below.
TEST(WithMargin, adds_dex_s_forty_percent_on_each_side) {
  image::Box box = with_margin({50, 60, 150, 260}, 0.4);
  EXPECT_EQ(box.left, 10);
  EXPECT_EQ(box.top, -20);
  EXPECT_EQ(box.right, 190);
  EXPECT_EQ(box.bottom, 340);
}

// Counted from 1: columns 1 … 25, and 0.1 · 25 = 2.5. round(-1.5) = -2 and round(27.5) = 28, away from zero: columns
// -2 … 28 are 31, of which the first is 3 before column 1.
TEST(WithMargin, rounds_halves_away_from_zero) {
  image::Box box = with_margin({0, 0, 25, 25}, 0.1);
  EXPECT_EQ(box.left, -3);
  EXPECT_EQ(box.right, 28);
}

// Columns 3 … 27, 25 wide: round(3 - 2.5) = round(0.5) = 1, the first column, where rounding a count from 0 would say
// round(-0.5) = -1, one before it.
TEST(WithMargin, rounds_as_the_reference_counts_from_one) {
  image::Box box = with_margin({2, 2, 27, 27}, 0.1);
  EXPECT_EQ(box.left, 0);
  EXPECT_EQ(box.top, 0);
  EXPECT_EQ(box.right, 30);  // round(29.5)
}

TEST(WithMargin, a_negative_margin_narrows) {
  image::Box box = with_margin({0, 0, 100, 100}, -0.1);
  EXPECT_EQ(box.left, 10);
  EXPECT_EQ(box.bottom, 90);
}

// 10 · row + column.
image::Image counting(int width, int height) {
  image::Image image = image::make_image(width, height, 1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) image.row(y)[x] = static_cast<std::uint8_t>(10 * y + x);
  }
  return image;
}

// The face is columns 1 and 2 of rows 0 and 1; half its size on each side makes columns 0 … 3 of rows -1 … 2, and the
// row above the picture is row 0 again: 4 of 16 pixels.
TEST(CutFace, repeats_the_border_where_the_picture_ends_and_says_how_much) {
  FaceCut cut = cut_face(counting(5, 4), {{1, 0, 3, 2}}, 0.5, 4, 4);
  EXPECT_EQ(cut.image.pixels, (std::vector<std::uint8_t>{0, 1, 2, 3, 0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}));
  EXPECT_EQ(cut.replicated, 0.25);
  EXPECT_EQ(cut.face->box.right, 3);
}

// A corner is the corner pixel: rows first, then columns, ends at the same.
TEST(CutFace, repeats_the_corner_pixel_beyond_a_corner) {
  FaceCut cut = cut_face(counting(5, 4), {{3, 2, 5, 4}}, 0.5, 4, 4);
  EXPECT_EQ(cut.image.pixels,
            (std::vector<std::uint8_t>{12, 13, 14, 14, 22, 23, 24, 24, 32, 33, 34, 34, 32, 33, 34, 34}));
  EXPECT_EQ(cut.replicated, 7 / 16.0);
}

TEST(CutFace, squeezes_without_keeping_the_aspect_ratio) {
  FaceCut cut = cut_face(counting(4, 2), {{0, 0, 4, 2}}, 0, 2, 2);
  EXPECT_EQ(cut.image.pixels, image::resize(counting(4, 2), 2, 2).pixels);
}

// A head that lies on its right ear (90° clockwise) looks to where the picture's right was: the upright picture's top
// row is the stored one's right column, read downwards.
TEST(CutFace, turns_a_quarter_without_losing_a_pixel) {
  image::Image square = counting(3, 3);
  FaceCut cut = cut_face(square, {{0, 0, 3, 3}, 90}, 0, 3, 3);
  EXPECT_EQ(cut.image.pixels, (std::vector<std::uint8_t>{2, 12, 22, 1, 11, 21, 0, 10, 20}));
  cut = cut_face(square, {{0, 0, 3, 3}, -90}, 0, 3, 3);
  EXPECT_EQ(cut.image.pixels, (std::vector<std::uint8_t>{20, 10, 0, 21, 11, 1, 22, 12, 2}));
  cut = cut_face(square, {{0, 0, 3, 3}, 180}, 0, 3, 3);
  EXPECT_EQ(cut.image.pixels, (std::vector<std::uint8_t>{22, 21, 20, 12, 11, 10, 2, 1, 0}));
  EXPECT_EQ(cut.replicated, 0);
}

// A square and the same turned by 45° about its middle have a regular octagon in common, 2 (√2 - 1) of either.
TEST(CutFace, of_a_turned_face_at_the_edge_says_what_share_the_picture_lacks) {
  FaceCut cut = cut_face(image::make_image(400, 400, 3), {{0, 0, 400, 400}, 45}, 0, 10, 10);
  EXPECT_NEAR(cut.replicated, 1 - 2 * (std::sqrt(2.0) - 1), 0.005);
}

TEST(CutFace, refuses_boxes_that_are_empty_not_finite_or_far_outside) {
  image::Image picture = counting(5, 4);
  for (image::Box box : {image::Box{1, 1, 1, 3}, image::Box{3, 1, 2, 3}, image::Box{1, 1, NAN, 3},
                         image::Box{1, 1, 1e9, 3}, image::Box{1e7, 1, 1e7 + 5, 3}}) {
    EXPECT_THROW(cut_face(picture, {box}, 0, 2, 2), std::invalid_argument);
  }
}

}  // namespace
}  // namespace agewise::face
