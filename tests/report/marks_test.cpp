#include "agewise/report/marks.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace agewise::report {
namespace {

image::Image plain(int width, int height, int grey) {
  image::Image image = image::make_image(width, height, 3);
  std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
  return image;
}

// Where the caption is: what it changes of the same picture with the frame alone.
struct Caption {
  int pixels = 0, letters = 0;  // that it changes; of these, bright yellow
  int darkest = 255, brightest = 0, bottom = 0;
};

Caption caption_of(const image::Image& picture, const face::Face& face, const std::string& text) {
  Mark bare{face, ""}, full{face, text};
  image::Image without = with_marks(picture, {&bare, 1}), with = with_marks(picture, {&full, 1});
  Caption caption;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t *a = without.row(y) + 3 * x, *b = with.row(y) + 3 * x;
      if (std::equal(a, a + 3, b)) continue;
      ++caption.pixels;
      caption.darkest = std::min<int>(caption.darkest, b[0]);
      caption.brightest = std::max<int>(caption.brightest, b[0]);
      caption.letters += b[0] > 200 && b[2] < 120 ? 1 : 0;
      caption.bottom = std::max(caption.bottom, y + 1);
    }
  }
  return caption;
}

TEST(Marks, captions_are_bright_on_dark_whatever_is_behind_them) {
  for (int grey : {0, 60, 128, 217, 255}) {
    Caption caption = caption_of(plain(300, 200, grey), {{100, 80, 160, 140}}, "34");
    EXPECT_GT(caption.brightest, 220) << grey;
    EXPECT_LT(caption.darkest, 90) << grey;
  }
}

// Of a face in the middle, and of faces at and beyond each edge: the same letters, all of them, but for what lies on
// the frame's own yellow.
TEST(Marks, captions_lie_within_the_picture_wherever_the_face_is) {
  image::Image picture = plain(300, 200, 255);
  Caption middle = caption_of(picture, {{120, 80, 180, 140}}, "34");
  EXPECT_LE(middle.bottom, 80);
  ASSERT_GT(middle.letters, 20);
  for (auto [left, top] : {std::pair{-40, -40}, {270, -40}, {-40, 170}, {270, 170}, {0, 0}, {240, 0}}) {
    face::Face face{{left * 1.0, top * 1.0, left + 60.0, top + 60.0}};
    Caption caption = caption_of(picture, face, "34");
    EXPECT_NEAR(caption.letters, middle.letters, 0.25 * middle.letters) << left << " " << top;
  }
}

TEST(Marks, captions_are_made_smaller_for_a_picture_that_has_no_room) {
  Caption caption = caption_of(plain(16, 12, 255), {{2, 2, 12, 10}}, "101");
  EXPECT_GT(caption.pixels, 10);
  EXPECT_NO_THROW(caption_of(plain(1, 1, 255), {{0, 0, 1, 1}}, "5"));
}

// A box turned by 45° reaches further up than one that stands.
TEST(Marks, captions_stand_above_the_uppermost_corner_of_a_turned_face) {
  image::Image picture = plain(400, 400, 255);
  EXPECT_LE(caption_of(picture, {{150, 150, 250, 250}, 45}, "34").bottom, 130);
}

}  // namespace
}  // namespace agewise::report
