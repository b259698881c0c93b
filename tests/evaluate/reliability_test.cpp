#include "agewise/evaluate/reliability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "agewise/evaluate/coverage.h"

namespace agewise::evaluate {
namespace {

const std::vector<estimate::Sigmoid> kAsTold{{18, 0, 1}};  // the share itself

// Of whom it is told that they are 18 or older with the probability `share`.
Prediction person(double age, double share) {
  Prediction one;
  one.face.age = one.estimate = age;
  one.shares.assign(estimate::kThresholds.size(), share);
  one.interval = {0, 100};
  return one;
}

TEST(Reliability, has_no_error_where_nine_of_ten_are_what_was_told_of_nine_of_ten) {
  std::vector<Prediction> people(9, person(30, 0.9));
  people.push_back(person(17, 0.9));
  std::vector<Reliability> all = reliability_of(people, kAsTold);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].years, 18);
  EXPECT_EQ(all[0].all.pictures, 10);
  EXPECT_NEAR(all[0].all.told, 0.9, 1e-12);
  EXPECT_NEAR(all[0].all.older, 0.9, 1e-12);
  EXPECT_NEAR(all[0].error, 0, 1e-12);
}

// 6 of 0.95, half of them older: 0.45 off. 4 of 0.25, one older: none off. (6 · 0.45 + 4 · 0) / 10.
TEST(Reliability, is_off_by_the_mean_over_the_bins_of_what_was_told) {
  std::vector<Prediction> people;
  for (int i = 0; i < 6; ++i) people.push_back(person(i < 3 ? 18 : 17.5, 0.95));
  for (int i = 0; i < 4; ++i) people.push_back(person(i < 1 ? 60 : 4, 0.25));
  Reliability found = reliability_of(people, kAsTold).at(0);
  EXPECT_NEAR(found.error, 0.27, 1e-12);
  EXPECT_EQ(found.bins[9].pictures, 6);
  EXPECT_NEAR(found.bins[9].older, 0.5, 1e-12);
  EXPECT_EQ(found.bins[2].pictures, 4);
  EXPECT_NEAR(found.bins[2].told, 0.25, 1e-12);
  EXPECT_EQ(found.bins[5].pictures, 0);
}

TEST(Reliability, counts_somebody_of_a_range_by_the_model_within_it) {
  Prediction teenager = person(NAN, 0.25);
  teenager.estimate = 15;
  teenager.face.age_range = age::Range{10, 19};
  teenager.range_shares.assign(estimate::kThresholds.size(), 0.25);
  EXPECT_NEAR(reliability_of(std::vector{teenager}, kAsTold).at(0).all.older, 0.25, 1e-12);
}

TEST(Reliability, leaves_out_who_has_no_estimate_no_distribution_or_no_interval) {
  Prediction none = person(30, 0.9);
  none.estimate = NAN;
  Prediction regression = person(30, 0.9);
  regression.shares.clear();
  Prediction asked_otherwise = person(30, 0.9);  // with the article's dropout, say
  asked_otherwise.interval.reset();
  EXPECT_TRUE(reliability_of(std::vector{none, regression, asked_otherwise}, kAsTold).empty());
}

// Two halves that are wrong to either side, by 0.2 each: on average right, but nobody was told the truth.
TEST(Reliability, of_halves_is_not_that_of_their_sum) {
  ReliabilityOfHalves halves;
  for (double older : {0.3, 0.7}) {
    ReliabilitySums half;
    for (int i = 0; i < 100; ++i) half.add(person(i < 100 * older ? 18 : 17, 0.5), kAsTold);
    halves.add(half);
  }
  Reliability found = halves.reliability(1).at(0);
  EXPECT_NEAR(found.error, 0.2, 1e-12);
  EXPECT_NEAR(found.all.older, 0.5, 1e-12);
  EXPECT_EQ(found.all.pictures, 200);
  EXPECT_EQ(found.bins[5].pictures, 200);
}

TEST(Reliability, is_that_of_what_is_told_which_is_never_more_for_more_years) {
  Reliability found =
      reliability_of(std::vector{person(30, 0.5)}, {std::vector<estimate::Sigmoid>{{16, 0, 1}, {18, 2, 1}}}).at(1);
  EXPECT_EQ(found.years, 18);
  EXPECT_NEAR(found.all.told, 0.5, 1e-12);
}

// What is told of both is right on average only: of the first too little, of the second too much.
TEST(Reliability, is_studied_over_sources_of_the_same_weight_and_in_each) {
  CalibrationSet set;
  for (double share_older : {0.75, 0.25}) {
    std::vector<Prediction> people;
    int count = share_older > 0.5 ? 1200 : 400;
    for (int i = 0; i < count; ++i) {
      people.push_back(person(i % 4 < 4 * share_older ? 40 : 10, 0.5));
      people.back().estimate = 25;
    }
    add(set, share_older > 0.5 ? "older" : "younger", std::move(people));
  }
  std::vector<Prediction> sure;  // so that there is a slope at all
  for (int i = 0; i < 100; ++i) sure.push_back(person(i % 2 == 0 ? 40 : 10, i % 2 == 0 ? 0.95 : 0.05));
  add(set, "sure", std::move(sure));
  CoverageStudy study = study_coverage(set, 0.9, 3);
  ASSERT_EQ(study.sources_reliability.size(), 3U);
  auto at = [](const std::vector<Reliability>& all, int age) {
    return *std::ranges::find(all, age, &Reliability::years);
  };
  EXPECT_NEAR(at(study.reliability, 18).error, 0, 0.05);
  EXPECT_EQ(at(study.reliability, 18).all.pictures, 1700);
  EXPECT_NEAR(at(study.reliability, 18).all.older, 0.5, 0.01)
      << "each source a third, though one has most of the pictures";
  EXPECT_NEAR(at(study.sources_reliability[0], 18).error, 0.25, 0.03);
  EXPECT_NEAR(at(study.sources_reliability[1], 18).error, 0.25, 0.03);
  EXPECT_EQ(at(study.sources_reliability[1], 18).all.pictures, 400);
}

}  // namespace
}  // namespace agewise::evaluate
