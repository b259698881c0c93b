#include "agewise/estimate/at_least.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/estimate/interval.h"

namespace agewise::estimate {
namespace {

using testing::DoubleNear;

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
  EXPECT_DOUBLE_EQ(shares[4], 0.75);  // 18, whose class counts from its begin at 17½ on
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
  EXPECT_EQ(even.years, 18);
  EXPECT_NEAR(even.offset, 0, 1e-6);
  EXPECT_NEAR(even.slope, 0.8867258786, 1e-6);
  Sigmoid rarer = fit_sigmoid(18, hundred([](int i) { return i * i / 101.0; })).value();
  EXPECT_NEAR(rarer.offset, -1.2026106329, 1e-6);
  EXPECT_NEAR(rarer.slope, 1.2900425234, 1e-6);
}

TEST(AtLeast, counts_pictures_by_their_weights) {
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

// Half of the distribution is below 5 and half above 30: the share is ½ from 10, 15 and 20 on.
TEST(AtLeast, lies_between_the_neighbours_of_its_years) {
  const std::vector<Sigmoid> sigmoids{{10, std::log(9), 1}, {20, 0, 1}};
  std::vector<float> even = shares_at({{5, 0.5F}, {30, 0.5F}});
  age::Classes classes = age::yearly_classes(101);
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 10), 0.9, 1e-6);
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 15), 0.75, 1e-6);  // odds of 3 between those of 9 and 1
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 20), 0.5, 1e-6);
}

TEST(AtLeast, is_never_more_probable_for_more_years) {
  const std::vector<Sigmoid> sigmoids{{10, 0, 1}, {20, std::log(9), 1}, {30, -1, 1}};
  std::vector<float> even = shares_at({{5, 0.5F}, {35, 0.5F}});
  age::Classes classes = age::yearly_classes(101);
  EXPECT_THAT(
      probabilities_at_least(sigmoids, std::vector{0.5, 0.5, 0.5}),
      testing::ElementsAre(DoubleNear(0.5, 1e-9), DoubleNear(0.5, 1e-9), DoubleNear(1 / (1 + std::exp(1)), 1e-9)));
  double before = 1;
  for (int years = 10; years <= 30; ++years) {
    double now = probability_at_least(sigmoids, classes, even, years);
    EXPECT_LE(now, before) << years;
    before = now;
  }
  EXPECT_NEAR(probability_at_least(sigmoids, classes, even, 20), 0.5, 1e-6);
}

TEST(AtLeast, is_not_fitted_where_all_shares_are_the_same) {
  for (double share : {0.0, 0.3, 1.0}) {
    std::vector<KnownSide> pictures;
    for (int i = 0; i < 2308; ++i) pictures.push_back({share, i < 413 ? 0.0 : 1.0, 1.0 / (i % 2 == 0 ? 938 : 2308)});
    EXPECT_FALSE(fit_sigmoid(18, pictures)) << share;
  }
}

// Classes below 30, 30–44, 45–59 and from 60 on: what is from 18 on nobody can say, of 30 the class begins there.
TEST(AtLeast, takes_the_begin_of_a_class_where_that_is_the_age) {
  age::Classes classes = age::classes_between({30, 45, 60}, {});
  std::vector<double> shares = shares_from(classes, std::vector{0.25F, 0.25F, 0.25F, 0.25F});
  EXPECT_DOUBLE_EQ(shares[4], 1);                        // 18
  EXPECT_DOUBLE_EQ(shares[8], 0.75);                     // 30
  EXPECT_DOUBLE_EQ(shares[11], 0.5);                     // 45
  EXPECT_NEAR(shares[10], 0.75 - 0.25 * 10 / 15, 1e-7);  // 40
}

// A flat distribution: of the ten whole years 10 … 19 two are 18 or older, four 16, seven 13.
TEST(AtLeast, of_somebody_of_a_range_is_a_matter_of_whole_years) {
  std::vector<float> flat(101, 1 / 101.0F);
  std::vector<double> shares = shares_within(age::yearly_classes(101), flat, {10, 19});
  EXPECT_DOUBLE_EQ(shares[1], 1);                                                                   // 10
  EXPECT_NEAR(shares[2], 0.7, 1e-5);                                                                // 13
  EXPECT_NEAR(shares[3], 0.4, 1e-5);                                                                // 16
  EXPECT_NEAR(shares[4], 0.2, 1e-5);                                                                // 18
  EXPECT_DOUBLE_EQ(shares[5], 0);                                                                   // 20
  EXPECT_NEAR(shares_within(age::yearly_classes(101), flat, age::Range{70})[17], 26 / 31.0, 1e-5);  // 75 of 70 … 100
}

TEST(AtLeast, of_somebody_of_a_range_that_the_model_rules_out_is_that_of_its_nearest_end) {
  age::Classes classes = age::yearly_classes(101);
  EXPECT_DOUBLE_EQ(shares_within(classes, shares_at({{40, 1}}), {10, 19})[4], 1);
  EXPECT_DOUBLE_EQ(shares_within(classes, shares_at({{2, 1}}), {10, 19})[4], 0);
}

// Of whom the same share of the distribution is from every age on.
Known known(double age, double share, std::size_t source) {
  Known one{30, 1, {age}, source, std::vector(kThresholds.size(), share)};
  for (int years : kThresholds) one.older.push_back(age >= years ? 1 : 0);
  return one;
}

// 300 of a store of whom half are 40 and half 10, 100 of one of whom a quarter is 40; of all the same is told.
TEST(AtLeast, is_calibrated_on_sources_that_weigh_the_same) {
  std::vector<Known> pictures;
  for (int i = 0; i < 400; ++i) {
    bool second = i >= 300;
    pictures.push_back(known(i % 4 < (second ? 1 : 2) ? 40 : 10, 0.5, second ? 1 : 0));
  }
  for (int i = 0; i < 40; ++i)  // a third, so that the share tells something
    pictures.push_back(known(i % 2 == 0 ? 40 : 10, i % 2 == 0 ? 0.9 : 0.1, 2));
  Intervals intervals = calibrate(pictures, 0.5);
  ASSERT_FALSE(intervals.at_least.empty());
  EXPECT_EQ(intervals.at_least.front().years, 13) << "nobody is younger than 10";
  EXPECT_EQ(intervals.at_least.back().years, 40) << "nobody is older";
  EXPECT_NEAR(probability_at_least(intervals.at_least[2], 0.5), 3 / 8.0, 0.005) << "the mean of 1/2 and 1/4";
}

}  // namespace
}  // namespace agewise::estimate
