// Pixels of an application's own.
#include <gtest/gtest.h>

#include "agewise/base/error.h"
#include "agewise/library/views.h"

namespace agewise::library {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Views, of_all_formats_become_the_same_picture) {
  const Bytes rgb{1, 2, 3, 4, 5, 6}, bgr{3, 2, 1, 6, 5, 4};
  const Bytes rgba{1, 2, 3, 255, 4, 5, 6, 255}, bgra{3, 2, 1, 255, 6, 5, 4, 255};
  EXPECT_EQ(picture_of({rgb.data(), 2, 1, 0, PixelFormat::rgb}).pixels, rgb);
  EXPECT_EQ(picture_of({bgr.data(), 2, 1, 0, PixelFormat::bgr}).pixels, rgb);
  EXPECT_EQ(picture_of({rgba.data(), 2, 1, 0, PixelFormat::rgba}).pixels, rgb);
  EXPECT_EQ(picture_of({bgra.data(), 2, 1, 0, PixelFormat::bgra}).pixels, rgb);
  image::Image grey = picture_of({rgb.data(), 3, 2, 0, PixelFormat::grey});
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, rgb);
}

// Half of black over white: (0 · 128 + 255 · 127) / 255 = 127.
TEST(Views, have_white_behind_what_is_transparent) {
  const Bytes pixels{0, 0, 0, 128, 9, 9, 9, 0};
  EXPECT_EQ(picture_of({pixels.data(), 2, 1, 0, PixelFormat::bgra}).pixels, (Bytes{127, 127, 127, 255, 255, 255}));
}

TEST(Views, skip_what_lies_between_rows) {
  const Bytes pixels{1, 2, 99, 99, 3, 4};
  EXPECT_EQ(picture_of({pixels.data(), 2, 2, 4, PixelFormat::grey}).pixels, (Bytes{1, 2, 3, 4}));
}

TEST(Views, that_show_nothing_or_lie_about_their_rows_are_refused) {
  const Bytes pixels(100);
  EXPECT_THROW(picture_of({nullptr, 2, 2, 0, PixelFormat::grey}), base::UsageError);
  EXPECT_THROW(picture_of({pixels.data(), 0, 2, 0, PixelFormat::grey}), base::UsageError);
  EXPECT_THROW(picture_of({pixels.data(), 2, -1, 0, PixelFormat::grey}), base::UsageError);
  EXPECT_THROW(picture_of({pixels.data(), 2, 2, 5, PixelFormat::rgb}), base::UsageError);
  EXPECT_THROW(picture_of({pixels.data(), 2, 2, -6, PixelFormat::rgb}), base::UsageError);
  EXPECT_THROW(picture_of({pixels.data(), 2, 2, 0, static_cast<PixelFormat>(9)}), base::UsageError);
}

}  // namespace
}  // namespace agewise::library
