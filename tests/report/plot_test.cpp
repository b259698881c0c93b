#include "agewise/report/plot.h"

#include <gmock/gmock.h>

#include <cmath>

namespace agewise::report {
namespace {

using testing::ElementsAre;

auto near(const std::vector<double>& values) { return testing::Pointwise(testing::DoubleNear(1e-12), values); }

TEST(RoundTicks, are_multiples_of_1_2_or_5) {
  EXPECT_THAT(round_ticks(0, 1, 6), near({0, 0.2, 0.4, 0.6, 0.8, 1.0}));
  EXPECT_THAT(round_ticks(1, 100, 11), ElementsAre(10, 20, 30, 40, 50, 60, 70, 80, 90, 100));
  EXPECT_THAT(round_ticks(0, 1.42, 7), near({0, 0.5, 1.0}));
  EXPECT_THAT(round_ticks(-3, 4, 10), ElementsAre(-3, -2, -1, 0, 1, 2, 3, 4));
}

// How many pixels have exactly this colour.
int count(const image::Image& image, int red, int green, int blue) {
  int n = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) {
    if (image.pixels[i] == red && image.pixels[i + 1] == green && image.pixels[i + 2] == blue) ++n;
  }
  return n;
}

// 41, 107, 176: the first curve's blue.
int blue_pixels(const std::vector<double>& values) { return count(draw_plot({"", {{"", values}}}), 41, 107, 176); }

TEST(DrawPlot, draws_each_curve_in_its_colour) {
  image::Image image = draw_plot({"loss", {{"train", {3, 2, 1}}, {"validation", {3, 2.5, 2.4}}}});
  EXPECT_EQ(image.width, 1000);
  EXPECT_EQ(image.channels, 3);
  EXPECT_GT(count(image, 41, 107, 176), 1000);
  EXPECT_GT(count(image, 222, 115, 33), 1000);
}

TEST(DrawPlot, leaves_a_gap_where_a_value_is_not_finite) {
  EXPECT_LT(blue_pixels({2, 2, NAN, 2, 2, 2}), blue_pixels({2, 2, 2, 2, 2, 2}));
  EXPECT_LT(blue_pixels({2, 2, HUGE_VAL, 2, 2, 2}), blue_pixels({2, 2, 2, 2, 2, 2}));
}

TEST(DrawPlot, shows_a_single_epoch_as_a_dot_and_takes_none_at_all) {
  int legend = blue_pixels({});
  EXPECT_GT(legend, 0);
  EXPECT_GT(blue_pixels({0.5}), legend);
  EXPECT_EQ(blue_pixels({NAN}), legend);
}

// The highest row of the first curve's blue right of the middle and below the legend; the picture's height if there is
// none.
int first_blue_row(const image::Image& image) {
  for (int y = 60; y < image.height; ++y) {
    for (int x = image.width / 2; x < image.width; ++x) {
      const auto* pixel = image.pixels.data() + (static_cast<std::size_t>(y) * image.width + x) * 3;
      if (pixel[0] == 41 && pixel[1] == 107 && pixel[2] == 176) return y;
    }
  }
  return image.height;
}

// The axis runs from row 496 up to row 68: of 100, 2 is hardly above its foot; of 2.1 nearly its whole height.
TEST(DrawPlot, cuts_off_what_lies_beyond_the_top) {
  Plot plot{"", {{"", {100, 1, 1, 2, 1}}}};
  EXPECT_GT(first_blue_row(draw_plot(plot)), 470);
  plot.top = 2.1;
  EXPECT_LT(first_blue_row(draw_plot(plot)), 120);
}

TEST(DrawPlot, takes_what_a_diverged_run_leaves_behind) {
  EXPECT_GT(blue_pixels({1, 1.7e308, -1.7e308, 5e-324, 1}), 0);
  EXPECT_GT(blue_pixels({5e-324, 5e-324}), 0);
}

}  // namespace
}  // namespace agewise::report
