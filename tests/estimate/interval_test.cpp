#include "agewise/estimate/interval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "agewise/base/random.h"

namespace agewise::estimate {
namespace {

// 25 years old; the score of that is `score`.
Known aged_25(double score, std::size_t source = 0) { return {25 - 2 * score, 2, {25}, source}; }

// Twelve scores -5 … 6; 50 % leave 25 % on each side.
TEST(Intervals, take_the_conformal_quantiles_of_the_scores) {
  std::vector<Known> pictures;
  for (int score = -5; score <= 6; ++score) pictures.push_back(aged_25(score));
  Intervals intervals = calibrate(pictures, 0.5);
  ASSERT_EQ(intervals.groups.size(), 1U);  // the other decades are empty
  EXPECT_EQ(intervals.groups[0].from, 0);
  EXPECT_DOUBLE_EQ(intervals.groups[0].high, 4);  // ⌈13 · 0.75⌉ = 10th smallest of -5 … 6
  EXPECT_DOUBLE_EQ(intervals.groups[0].low, -3);  // and of -6 … 5
}

TEST(Intervals, are_wider_the_less_sure_the_model_is_of_the_picture) {
  Intervals intervals{0.9, {}, {{0, -3, 4}}};
  AgeInterval sure = interval_of(intervals, 40, 2), unsure = interval_of(intervals, 40, 3);
  EXPECT_DOUBLE_EQ(sure.low, 34);
  EXPECT_DOUBLE_EQ(sure.high, 48);
  EXPECT_DOUBLE_EQ(unsure.low, 31);
  EXPECT_DOUBLE_EQ(unsure.high, 52);
}

// Teenagers are overestimated by up to four scales, others by less.
TEST(Intervals, reach_over_every_age_that_its_own_decade_allows) {
  Intervals intervals{0.9, {}, {{0, -1, 0.5}, {10, -4, 1}, {20, -3, 2}}};
  AgeInterval young = interval_of(intervals, 14, 2);  // 12 … 15 of 0 … 10, 6 … 16 of 10 … 20, 8 … 18 of 20 …
  EXPECT_DOUBLE_EQ(young.low, 10);
  EXPECT_DOUBLE_EQ(young.high, 16);
  AgeInterval older = interval_of(intervals, 18, 2);  // 10 … 20 of the second, 12 … 22 of the third
  EXPECT_DOUBLE_EQ(older.low, 10);
  EXPECT_DOUBLE_EQ(older.high, 22);
  Intervals far_above{0.9, {}, {{0, -1, 2}, {10, -4, 0.1}}};
  AgeInterval child = interval_of(far_above, 8, 5);  // 3 … 18 of 0 … 10, -12 … 8.5 of 10 …
  EXPECT_DOUBLE_EQ(child.low, 3);
  EXPECT_DOUBLE_EQ(child.high, 10);
}

TEST(Intervals, hold_the_estimate_and_no_age_that_nobody_has) {
  Intervals intervals{0.9, {}, {{0, 0, 0}, {50, -2, 9}}};
  EXPECT_DOUBLE_EQ(interval_of(intervals, 30, 1).low, 30);
  EXPECT_DOUBLE_EQ(interval_of(intervals, 30, 1).high, 30);
  EXPECT_DOUBLE_EQ(interval_of(intervals, 90, 9).high, 110);
  EXPECT_DOUBLE_EQ(interval_of(intervals, -4, 1).low, 0);
  EXPECT_DOUBLE_EQ(interval_of(intervals, 120, 1).high, 120);
}

TEST(Intervals, of_decades_with_too_few_pictures_are_those_of_their_neighbours) {
  std::vector<Known> pictures;
  for (int i = 0; i < 4; ++i) {
    pictures.push_back({5, 1, {5}});
    pictures.push_back({70, 1, {75}});
  }
  Intervals intervals = calibrate(pictures, 0.5);  // which needs four
  ASSERT_EQ(intervals.groups.size(), 2U);
  EXPECT_EQ(intervals.groups[0].from, 0);
  EXPECT_EQ(intervals.groups[1].from, 10);
  EXPECT_DOUBLE_EQ(intervals.groups[0].high, 0);
  EXPECT_DOUBLE_EQ(intervals.groups[1].high, 5);
}

// Eight scores that weigh 1/8 and four that weigh 1/4: a new one weighs (8/64 + 4/16) / 2 = 3/16, and 3/4 of 2 + 3/16
// is 1.64: reached by the eight (1) and three of the four (1.75).
TEST(Intervals, let_every_source_weigh_the_same) {
  std::vector<Known> pictures;
  for (int score = 1; score <= 8; ++score) pictures.push_back(aged_25(score));
  for (int score = 11; score <= 14; ++score) pictures.push_back(aged_25(score, 1));
  EXPECT_DOUBLE_EQ(calibrate(pictures, 0.5).groups.at(0).high, 13);
}

// 50 % need four pictures: two weigh 1/4 each, too. A new one weighs (8/64 + 2/16) / 1.5 = 1/6, and 3/4 of 1.5 + 1/6 is
// 1.25.
TEST(Intervals, let_a_source_of_few_pictures_weigh_less) {
  std::vector<Known> pictures;
  for (int score = 1; score <= 8; ++score) pictures.push_back(aged_25(score));
  for (int score = 11; score <= 12; ++score) pictures.push_back(aged_25(score, 1));
  EXPECT_DOUBLE_EQ(calibrate(pictures, 0.5).groups.at(0).high, 11);
}

// Eight pictures of 18 or 22 years are four of each.
TEST(Intervals, spread_a_picture_over_the_ages_that_it_may_be) {
  std::vector<Known> pictures(8, {20, 1, {18, 22}});
  Intervals intervals = calibrate(pictures, 0.5);
  ASSERT_EQ(intervals.groups.size(), 2U);
  EXPECT_DOUBLE_EQ(intervals.groups[0].low, -2);
  EXPECT_DOUBLE_EQ(intervals.groups[0].high, 0);
  EXPECT_DOUBLE_EQ(intervals.groups[1].low, 0);
  EXPECT_DOUBLE_EQ(intervals.groups[1].high, 2);
  pictures.pop_back();
  EXPECT_EQ(calibrate(pictures, 0.5).groups.size(), 1U);  // three and a half are too few
}

// An estimator that is drawn to 40 years: of a child of 10 it thinks 17, of somebody of 80 it thinks 70.
std::vector<Known> drawn_to_the_middle(int count, std::uint32_t seed) {
  base::Random random(seed, base::Purpose::test);
  std::vector<Known> pictures;
  for (int i = 0; i < count; ++i) {
    double age = random.uniform(0, 90), scale = random.uniform(2, 6);
    pictures.push_back({40 + 0.75 * (age - 40) + scale * random.normal(), scale, {age}});
  }
  return pictures;
}

std::array<double, kDecades> shares_inside(const Intervals& intervals, const std::vector<Known>& pictures) {
  std::array<double, kDecades> inside{}, all{};
  for (const Known& one : pictures) {
    AgeInterval interval = interval_of(intervals, one.estimate, one.scale);
    double age = one.ages[0];
    all[decade_of(age)] += 1;
    inside[decade_of(age)] += age >= interval.low && age <= interval.high ? 1 : 0;
  }
  for (std::size_t decade = 0; decade < kDecades; ++decade) inside[decade] /= all[decade];
  return inside;
}

TEST(Intervals, hold_in_every_decade_of_the_true_age_where_those_that_hold_on_average_do_not) {
  std::vector<Known> pictures = drawn_to_the_middle(9000, 3), new_ones = drawn_to_the_middle(9000, 4);
  std::vector<double> errors;
  for (const Known& one : pictures) errors.push_back(one.ages[0] - one.estimate);
  std::ranges::sort(errors);
  Intervals on_average{0.9, {{0, -errors[450], errors[8550]}}};
  Intervals by_decade = calibrate(pictures, 0.9);
  EXPECT_EQ(by_decade.groups.size(), kDecades);
  constexpr double kChance = 0.02;  // of a thousand pictures a decade
  EXPECT_LT(std::ranges::min(shares_inside(on_average, new_ones)), 0.8);
  EXPECT_GE(std::ranges::min(shares_inside(by_decade, new_ones)), 0.9 - kChance);
}

TEST(Intervals, need_pictures_enough_for_their_quantiles) {
  std::vector<Known> few(19, {30, 1, {31}}), enough(20, {30, 1, {31}});
  EXPECT_THROW(calibrate(few, 0.9), std::invalid_argument);
  EXPECT_NO_THROW(calibrate(enough, 0.9));
  EXPECT_THROW(calibrate(enough, 1.0), std::invalid_argument);
}

// In an earlier version's words: whatever the picture, the estimate's band says how far it may be off.
TEST(Bands, say_how_far_an_estimate_may_be_off) {
  Intervals intervals{0.9, {{3, 1, 2}, {60, 12, 3}}};
  EXPECT_DOUBLE_EQ(interval_of(intervals, 65, 9).low, 53);
  EXPECT_DOUBLE_EQ(interval_of(intervals, 65, 9).high, 68);
  EXPECT_DOUBLE_EQ(interval_of(intervals, 0.5, 9).low, 0);     // nobody is younger
  EXPECT_DOUBLE_EQ(interval_of(intervals, 0.5, 9).high, 2.5);  // below the first band's begin
}

// Ten even classes of a tenth: from 10 % to 90 % are eight of them.
TEST(Scale, is_half_of_the_middle_four_fifths_and_a_year) {
  EXPECT_NEAR(scale_of(age::yearly_classes(10), std::vector<float>(10, 0.1F)), 1 + 8 / 2.0, 1e-5);
}

}  // namespace
}  // namespace agewise::estimate
