#include "agewise/estimate/at_least.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/estimate/interval.h"

namespace agewise::estimate {
namespace {

using testing::DoubleNear;
using testing::Pair;

// A class a year, so much of it at each of some years.
std::vector<float> shares_at(const std::vector<std::pair<int, float>>& years) {
  std::vector<float> distribution(101);
  for (auto [year, share] : years) distribution[static_cast<std::size_t>(year)] = share;
  return distribution;
}

TEST(AtLeast, takes_what_the_distribution_has_from_an_age_on) {
  std::vector<double> shares = shares_from(age::yearly_classes(101), shares_at({{17, 0.25F}, {18, 0.5F}, {40, 0.25F}}));
  ASSERT_EQ(shares.size(), kThresholds.size());
  EXPECT_DOUBLE_EQ(shares[3], 1);     // 16
  EXPECT_DOUBLE_EQ(shares[4], 0.5);   // 18: half of the class that is from 17½ to 18½
  EXPECT_DOUBLE_EQ(shares[5], 0.25);  // 20
  EXPECT_DOUBLE_EQ(shares[11], 0);    // 45
}

TEST(AtLeast, is_the_share_itself_by_the_identity_and_moves_by_the_offset) {
  EXPECT_NEAR(probability_at_least({18, 0, 1}, 0.7), 0.7, 1e-12);
  EXPECT_NEAR(probability_at_least({18, std::log(3), 1}, 0.5), 0.75, 1e-12);  // odds of 1 to 1 become 3 to 1
  EXPECT_NEAR(probability_at_least({18, 0, 2}, 0.75), 0.9, 1e-12);            // 3 to 1 become 9 to 1
}

// A hundred pictures of shares i / 101; those are older for which `limit(i)` is above (37 i) mod 101.
template <class Limit>
std::vector<KnownSide> hundred(Limit limit) {
  std::vector<KnownSide> pictures;
  for (int i = 1; i <= 100; ++i) pictures.push_back({i / 101.0, i * 37 % 101 < limit(i) ? 1.0 : 0.0, 1});
  return pictures;
}

// Expected: sklearn.calibration._sigmoid_calibration of scikit-learn 1.9.1, of the shares' logits.
TEST(AtLeast, is_fitted_as_scikit_learn_fits_platts_sigmoid) {
  Sigmoid even = fit_sigmoid(18, hundred([](int i) { return i; })).value();
  EXPECT_EQ(even.age, 18);
  EXPECT_NEAR(even.offset, 0, 1e-6);
  EXPECT_NEAR(even.slope, 0.8867258786, 1e-6);
  Sigmoid rarer = fit_sigmoid(18, hundred([](int i) { return i * i / 101.0; })).value();
  EXPECT_NEAR(rarer.offset, -1.2026106329, 1e-6);
  EXPECT_NEAR(rarer.slope, 1.2900425234, 1e-6);
}

TEST(AtLeast, counts_a_picture_of_twice_the_weight_as_two) {
  std::vector<KnownSide> pictures = hundred([](int i) { return i * i / 101.0; });
  for (std::size_t i = 0; i < pictures.size(); i += 2) pictures[i].weight = 3;
  Sigmoid sigmoid = fit_sigmoid(18, pictures).value();  // expected: scipy.optimize.minimize of the same loss
  EXPECT_NEAR(sigmoid.offset, -1.1287860, 1e-5);
  EXPECT_NEAR(sigmoid.slope, 1.2551629, 1e-5);
}

TEST(AtLeast, is_fitted_where_both_sides_are_told_apart_without_a_mistake) {
  std::vector<KnownSide> pictures;
  for (int i = 0; i < 40; ++i) pictures.push_back({i < 20 ? 0.01 : 0.99, i < 20 ? 0.0 : 1.0, 1});
  Sigmoid sigmoid = fit_sigmoid(18, pictures).value();
  EXPECT_NEAR(probability_at_least(sigmoid, 0.99), 21 / 22.0, 1e-6);  // Platt's target: one more picture on the side
  EXPECT_NEAR(probability_at_least(sigmoid, 0.01), 1 / 22.0, 1e-6);
}

TEST(AtLeast, is_not_fitted_to_too_few_pictures_or_to_shares_that_say_nothing) {
  std::vector<KnownSide> pictures;
  for (int i = 0; i < 100; ++i) pictures.push_back({i < 19 ? 0.9 : 0.1, i < 19 ? 1.0 : 0.0, 1});
  EXPECT_FALSE(fit_sigmoid(18, pictures)) << "19 on one side";
  pictures.push_back({0.9, 1, 1});
  EXPECT_TRUE(fit_sigmoid(18, pictures));
  for (KnownSide& one : pictures) one.share = 1 - one.share;
  EXPECT_FALSE(fit_sigmoid(18, pictures)) << "younger where the share is larger";
}

TEST(AtLeast, lies_between_the_neighbours_of_its_age) {
  std::vector<Sigmoid> sigmoids{{10, 0, 1}, {20, std::log(9), 1}};
  std::vector<float> even = shares_at({{5, 0.5F}, {30, 0.5F}});
  age::Classes classes = age::yearly_classes(101);
  EXPECT_NEAR(probability_at_least(std::vector<Sigmoid>{{15, std::log(3), 1}}, classes, even, 15), 0.75, 1e-6);
  sigmoids = {{10, std::log(9), 1}, {20, 0, 1}};
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 10), 0.9, 1e-6);
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 15), 0.75, 1e-6);
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 20), 0.5, 1e-6);
}

TEST(AtLeast, is_never_more_probable_for_more_years) {
  std::vector<Sigmoid> sigmoids{{10, 0, 1}, {20, std::log(9), 1}};
  std::vector<float> even = shares_at({{5, 0.5F}, {30, 0.5F}});
  EXPECT_NEAR(probability_at_least(sigmoids, age::yearly_classes(101), even, 20), 0.5, 1e-6);
}

// 300 of a store whose people are 20 as often as told, and 100 of one where half as many are.
TEST(AtLeast, is_calibrated_on_sources_that_weigh_the_same) {
  std::vector<Known> pictures;
  for (int i = 0; i < 400; ++i) {
    bool second = i >= 300;
    Known one{30, 1, {i % 4 < (second ? 1 : 2) ? 40.0 : 10.0}, second ? 1U : 0U};
    one.shares.assign(kThresholds.size(), 0.5);
    pictures.push_back(one);
  }
  for (int i = 0; i < 40; ++i) {  // so that the share tells something
    Known one{30, 1, {i % 2 == 0 ? 40.0 : 10.0}, 2};
    one.shares.assign(kThresholds.size(), i % 2 == 0 ? 0.9 : 0.1);
    pictures.push_back(one);
  }
  Intervals intervals = calibrate(pictures, 0.5);
  ASSERT_FALSE(intervals.at_least.empty());
  EXPECT_EQ(intervals.at_least.front().age, 13) << "nobody is younger than 10";
  EXPECT_EQ(intervals.at_least.back().age, 40) << "nobody is older";
  EXPECT_NEAR(probability_at_least(intervals.at_least[2], 0.5), 3 / 8.0, 0.005) << "the mean of 1/2 and 1/4";
}

}  // namespace
}  // namespace agewise::estimate
