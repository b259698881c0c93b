#include "agewise/image/scan.h"

#include <gmock/gmock.h>

#include <cmath>
#include <utility>

#include "agewise/image/corruptions.h"

namespace agewise::image {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::Pointwise;

base::Random stream(std::uint64_t seed = 1) { return {seed, base::Purpose::test}; }

Image flat(int width, int height, int channels, std::uint8_t level) {
  Image image = make_image(width, height, channels);
  std::fill(image.pixels.begin(), image.pixels.end(), level);
  return image;
}

Image ramp(int width, int height, int channels) {
  Image image = make_image(width, height, channels);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * 37 % 251);
  return image;
}

struct Spread {
  double mean = 0, deviation = 0;
};

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  auto count = static_cast<double>(values.size());
  for (double value : values) spread.mean += value / count;
  for (double value : values) spread.deviation += (value - spread.mean) * (value - spread.mean) / count;
  spread.deviation = std::sqrt(spread.deviation);
  return spread;
}

Spread spread_of(const Image& image) {
  return spread_of(std::vector<double>(image.pixels.begin(), image.pixels.end()));
}

// Of a grey picture with itself, moved by so many pixels.
double correlation(const Image& image, int right, int down) {
  Spread spread = spread_of(image);
  double sum = 0;
  for (int y = 0; y + down < image.height; ++y) {
    for (int x = 0; x + right < image.width; ++x)
      sum += (image.row(y)[x] - spread.mean) * (image.row(y + down)[x + right] - spread.mean);
  }
  return sum / (image.width - right) / (image.height - down) / spread.deviation / spread.deviation;
}

// The largest difference between a grey picture and itself, moved by so many pixels.
int difference(const Image& image, int right, int down) {
  int most = 0;
  for (int y = 0; y + down < image.height; ++y) {
    for (int x = 0; x + right < image.width; ++x)
      most = std::max(most, std::abs(image.row(y)[x] - image.row(y + down)[x + right]));
  }
  return most;
}

Image grainy(const Grain& grain, std::uint8_t level) {
  Image image = flat(256, 256, 1, level);
  add_grain(image, grain, stream());
  return image;
}

// About 14 pixels (π · 3² / 2) count as one for a variance: three standard errors are 3 · 12 · √(14 / 2 / 65536).
TEST(Grain, has_its_deviation_in_grey_levels_and_no_bias) {
  EXPECT_NEAR(spread_of(grainy({12, 3}, 128)).deviation, 12, 0.4);
  EXPECT_NEAR(spread_of(grainy({12, 3}, 128)).mean, 128, 0.8);  // 3 · 12 · √(π · 3² / 65536)
  EXPECT_NEAR(spread_of(grainy({12, 0.5}, 128)).deviation, 12, 0.1);
}

TEST(Grain, correlates_by_a_share_of_one_over_e_at_its_size) {
  for (int size : {2, 3, 4}) {
    Image image = grainy({20, static_cast<double>(size)}, 128);
    EXPECT_NEAR(correlation(image, size, 0), std::exp(-1), 0.05) << size;
    EXPECT_NEAR(correlation(image, 0, size), std::exp(-1), 0.05) << size;
    EXPECT_NEAR(correlation(image, 3 * size, 0), 0, 0.05) << size;  // e^-9
  }
  EXPECT_NEAR(correlation(grainy({20, 0.5}, 128), 1, 0), 0, 0.015);  // three standard errors: 3 / 256, and e^-4 / …
}

// 8 · 20/255 · 235/255 = 0.578: (1 + 0.578) / 3 of the deviation.
TEST(Grain, is_weaker_in_dark_tones) { EXPECT_NEAR(spread_of(grainy({5, 1}, 20)).deviation, 5 * 0.526, 0.1); }

// About 5 rows (4 · √(π / 2)) count as one: three standard errors are 3 · 20 · √(5 / 2 / 2000).
TEST(Grain, is_as_strong_at_the_border_as_elsewhere) {
  Image image = flat(64, 2000, 1, 128);
  add_grain(image, {20, 4}, stream());
  for (int x : {0, 63}) {
    std::vector<double> column;
    for (int y = 0; y < 2000; ++y) column.push_back(image.row(y)[x]);
    EXPECT_NEAR(spread_of(column).deviation, 20, 2.1) << x;
  }
}

TEST(Grain, is_the_same_for_all_channels_but_for_its_share_of_colour) {
  auto red_minus_green = [](double colour) {
    Image image = flat(128, 128, 3, 128);
    add_grain(image, {10, 1, colour}, stream());
    std::vector<double> differences;
    for (std::size_t i = 0; i < image.pixels.size(); i += 3)
      differences.push_back(image.pixels[i] - image.pixels[i + 1]);
    return spread_of(differences).deviation;
  };
  EXPECT_EQ(red_minus_green(0), 0);
  EXPECT_NEAR(red_minus_green(0.5), 0.5 * 10 * std::sqrt(2), 0.3);
}

// Of 100 grey levels half of the half, times two cosines with a variance of 1/2 each.
TEST(Halftone, has_its_period_and_its_strength_and_keeps_the_mean) {
  Image image = flat(64, 64, 1, 100);
  print_dots(image, {0.5, 4, 0}, stream());
  EXPECT_LE(difference(image, 4, 0), 1);
  EXPECT_LE(difference(image, 0, 4), 1);
  for (int y = 0; y < 60; ++y) EXPECT_NEAR(image.row(y)[7] + image.row(y + 2)[9], 200, 1);  // half a period each way
  EXPECT_NEAR(spread_of(image).mean, 100, 0.3);
  EXPECT_NEAR(spread_of(image).deviation, 25, 0.3);
}

// Cosine and sine of the angle are 4/5 and 3/5: a period of 5 is a step of (4, 3).
TEST(Halftone, is_turned_by_its_angle) {
  Image image = flat(64, 64, 1, 100);
  print_dots(image, {0.5, 5, std::atan2(3, 4) * 180 / std::acos(-1)}, stream());
  EXPECT_LE(difference(image, 4, 3), 1);
  EXPECT_GT(difference(image, 5, 0), 30);
}

TEST(Halftone, has_a_screen_for_each_channel_if_they_are_turned) {
  auto same_channels = [](double channel_angle) {
    Image image = flat(32, 32, 3, 100);
    print_dots(image, {0.5, 4, 15, channel_angle}, stream());
    return image.pixels == to_rgb(to_grey(image)).pixels;
  };
  EXPECT_TRUE(same_channels(0));
  EXPECT_FALSE(same_channels(30));
}

// Red at 51, a fifth: 30 + 220 · 0.2² = 38.8.
TEST(Tone, runs_from_black_to_white_of_each_channel_along_gamma) {
  Image image{3, 1, 3, {0, 0, 0, 255, 255, 255, 51, 51, 51}};
  change_tone(image, {{30, 20, 10}, {250, 240, 200}, {2, 1, 1}});
  EXPECT_THAT(image.pixels, ElementsAre(30, 20, 10, 250, 240, 200, 39, 64, 48));
}

// 0.299 · 30 + 0.587 · 20 + 0.114 · 10 = 21.9; for white 74.75 + 140.88 + 22.8 = 238.4.
TEST(Tone, of_a_grey_picture_is_its_luma) {
  Image image{2, 1, 1, {0, 255}};
  change_tone(image, {{30, 20, 10}, {250, 240, 200}});
  EXPECT_THAT(image.pixels, ElementsAre(22, 238));
}

// The middles of four pixels lie at -3/4, -1/4, 1/4 and 3/4.
TEST(Light, falls_off_towards_one_border) {
  Image right = flat(4, 1, 1, 100), below = flat(1, 4, 1, 100);
  change_light(right, {0.4, 0}, stream());
  change_light(below, {0.4, 90}, stream());
  EXPECT_THAT(right.pixels, ElementsAre(70, 90, 110, 130));
  EXPECT_EQ(below.pixels, right.pixels);
}

// Half of (9 + 9) / 16 and of (1 + 1) / 16 of the light is lost, times 0.5.
TEST(Light, is_lost_in_the_corners) {
  Image image = flat(4, 4, 3, 160);
  change_light(image, {0, 0, 0.5}, stream());
  EXPECT_EQ(image.pixels[0], 115);
  EXPECT_EQ(image.row(1)[3 + 2], 155);
}

TEST(Light, is_mottled_within_bounds_and_without_edges) {
  Image image = flat(96, 96, 1, 100);
  change_light(image, {0, 0, 0, 0.2}, stream());
  EXPECT_THAT(image.pixels, Each(testing::AllOf(testing::Ge(80), testing::Le(120))));
  EXPECT_GT(spread_of(image).deviation, 3);
  for (int x = 1; x < 96; ++x) EXPECT_NEAR(image.row(50)[x], image.row(50)[x - 1], 4);  // 40 levels in 16 pixels
}

// Waves 8 · √3/2 apart at 0°, 60° and 120° meet again 8 pixels further down.
TEST(Texture, is_a_honeycomb_of_its_period_and_deviation) {
  Image image = flat(256, 256, 1, 200);
  emboss(image, {0.05, 4 * std::sqrt(3), 0}, stream());
  EXPECT_LE(difference(image, 0, 8), 1);
  EXPECT_GT(difference(image, 0, 4), 10);
  EXPECT_NEAR(spread_of(image).mean, 200, 0.5);
  EXPECT_NEAR(spread_of(image).deviation, 0.05 * 200, 0.3);
}

struct Touched {
  int pixels = 0, left = 1000, right = -1, top = 1000, bottom = -1, least = 255, most = 0;
};

// What the marks change of mid-grey.
Touched touched_by(const Marks& marks, std::uint64_t seed) {
  Image image = flat(128, 128, 1, 128);
  add_marks(image, marks, stream(seed));
  Touched touched;
  for (int y = 0; y < 128; ++y) {
    for (int x = 0; x < 128; ++x) {
      int level = image.row(y)[x];
      if (level == 128) continue;
      touched = {touched.pixels + 1,           std::min(touched.left, x),   std::max(touched.right, x),
                 std::min(touched.top, y),     std::max(touched.bottom, y), std::min(touched.least, level),
                 std::max(touched.most, level)};
    }
  }
  return touched;
}

// A speck is a disc drawn out by at most twice its radius: 4 radii and two soft edges.
TEST(Marks, are_specks_of_at_most_their_size_bright_and_dark) {
  int bright = 0, dark = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Touched speck = touched_by({1, 0, 0, 3}, seed);
    EXPECT_LE(speck.right - speck.left, 13);
    EXPECT_LE(speck.bottom - speck.top, 13);
    bright += speck.most > 138 ? 1 : 0;
    dark += speck.least < 118 ? 1 : 0;
  }
  EXPECT_NEAR(bright, 60, 15);  // three deviations of 100 draws at 0.6
  EXPECT_NEAR(bright + dark, 100, 10);
}

TEST(Marks, are_long_and_thin_as_scratches_and_hairs) {
  int longest = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Touched scratch = touched_by({0, 1, 0}, seed), hair = touched_by({0, 0, 1}, seed);
    int length = scratch.bottom - scratch.top + 1 + scratch.right - scratch.left;
    longest = std::max(longest, length);
    EXPECT_LE(scratch.pixels, 3 * length);
    EXPECT_LE(hair.right - hair.left, 0.4 * 128 + 4);
  }
  EXPECT_GT(longest, 100);
}

// The brightest mark is white, the darkest 5: half of the way to them.
TEST(Marks, cover_no_more_than_their_opacity) {
  Touched touched = touched_by({60, 10, 10, 3, 0.5}, 1);
  EXPECT_GT(touched.pixels, 100);
  EXPECT_LE(touched.most, 192);
  EXPECT_GE(touched.least, 66);
}

// A normal curve of deviation 1 up to 3 has 1 / (1 + 2 (e^-½ + e^-2 + e^-4½)) = 0.399 in its middle, e^-½ of that
// beside.
TEST(Softened, spreads_a_point_along_a_normal_curve) {
  Image point = make_image(9, 9, 1);
  point.row(4)[4] = 255;
  Image soft = softened(point, 1);
  EXPECT_EQ(soft.row(4)[4], 41);  // 255 · 0.1592
  EXPECT_EQ(soft.row(4)[5], 25);
  EXPECT_EQ(soft.row(3)[4], 25);
  EXPECT_EQ(soft.row(4)[8], 0);
  EXPECT_THAT(softened(flat(5, 4, 3, 77), 2).pixels, Each(77));
}

// Beside the edge the mean has moved by 50 · 0.399 (e^-½ + e^-2 + e^-4½) = 15.02.
TEST(Sharpened, puts_halos_along_an_edge) {
  Image edge = flat(16, 3, 1, 100);
  for (int y = 0; y < 3; ++y) std::fill(edge.row(y) + 8, edge.row(y) + 16, std::uint8_t{150});
  Image sharp = sharpened(edge, {1, 1});
  EXPECT_EQ(sharp.row(1)[7], 85);
  EXPECT_EQ(sharp.row(1)[8], 165);
  EXPECT_EQ(sharp.row(1)[2], 100);
  EXPECT_EQ(sharp.row(1)[13], 150);
}

Scan everything() {
  Scan scan;
  scan.saturation = 0.5;
  scan.softness = 2;
  scan.grain = {10, 4, 0.5};
  scan.halftone = {0.3, 3, 20, 30};
  scan.tone = {{40, 30, 20}, {250, 240, 200}, {0.8, 1, 1.2}};
  scan.light = {0.2, 30, 0.3, 0.1};
  scan.texture = {0.05, 4, 10};
  scan.marks = {20, 3, 3, 2, 0.9};
  scan.noise = {4, 1, 1};
  scan.sharpening = {1, 1};
  scan.jpeg_quality = 70;
  return scan;
}

TEST(Scanned, changes_nothing_by_default) {
  EXPECT_EQ(scanned(ramp(31, 17, 3), {}, 5).pixels, ramp(31, 17, 3).pixels);
  EXPECT_EQ(scanned(ramp(31, 17, 1), {}, 5).pixels, ramp(31, 17, 1).pixels);
}

TEST(Scanned, is_a_function_of_its_seed) {
  auto pixels = [](std::uint64_t seed) { return scanned(ramp(40, 40, 3), everything(), seed).pixels; };
  EXPECT_EQ(pixels(5), pixels(5));
  EXPECT_NE(pixels(5), pixels(6));
}

TEST(Scanned, keeps_size_and_channels_however_small) {
  for (int channels : {1, 3}) {
    for (auto size : {std::pair{1, 1}, {3, 200}, {200, 3}}) {
      Image image = scanned(ramp(size.first, size.second, channels), everything(), 5);
      EXPECT_EQ(image.width, size.first);
      EXPECT_EQ(image.height, size.second);
      EXPECT_EQ(image.channels, channels);
      EXPECT_EQ(image.pixels.size(), static_cast<std::size_t>(size.first) * size.second * channels);
    }
  }
}

TEST(Scanned, of_black_and_white_film_has_the_colours_of_its_paper_alone) {
  Scan scan;
  scan.saturation = 0;
  Image grey = scanned(ramp(8, 8, 3), scan, 1);
  EXPECT_THAT(grey.pixels, Pointwise(testing::Eq(), to_rgb(to_grey(ramp(8, 8, 3))).pixels));
}

TEST(Scanned, ends_as_a_jpeg) {
  Scan scan;
  scan.light.vignette = 0.3;
  Image uncompressed = scanned(ramp(24, 24, 3), scan, 1);
  scan.jpeg_quality = 40;
  EXPECT_EQ(scanned(ramp(24, 24, 3), scan, 1).pixels, through_jpeg(uncompressed, 40).pixels);
}

// The scanner's noise comes after the print has faded: white paper that turned 100 has it, and not the film's grain.
TEST(Scanned, fades_the_grain_of_the_film_and_not_the_noise_of_the_scanner) {
  Scan film, scanner;
  film.grain = scanner.noise = {20, 1};
  film.tone = scanner.tone = {{100, 100, 100}, {150, 150, 150}};
  EXPECT_NEAR(spread_of(scanned(flat(128, 128, 1, 128), film, 1)).deviation, 20 * 50.0 / 255, 0.3);
  EXPECT_NEAR(spread_of(scanned(flat(128, 128, 1, 128), scanner, 1)).deviation, 20, 0.5);
}

}  // namespace
}  // namespace agewise::image
