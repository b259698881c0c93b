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
  return one;
}

TEST(Reliability, has_no_error_where_nine_of_ten_are_what_was_told_of_nine_of_ten) {
  std::vector<Prediction> people(9, person(30, 0.9));
  people.push_back(person(17, 0.9));
  std::vector<Reliability> all = reliability_of(people, kAsTold);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].age, 18);
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

TEST(Reliability, counts_somebody_of_a_range_by_the_ages_that_stand_for_it) {
  Prediction teenager = person(NAN, 0.25);
  teenager.estimate = 15;
  teenager.face.age_range = age::Range{10, 19};
  teenager.range_ages = {11, 14, 17, 19};
  EXPECT_NEAR(reliability_of(std::vector{teenager}, kAsTold).at(0).all.older, 0.25, 1e-12);
}

TEST(Reliability, leaves_out_who_has_no_estimate_and_models_that_tell_no_shares) {
  Prediction none = person(30, 0.9);
  none.estimate = NAN;
  Prediction regression = person(30, 0.9);
  regression.shares.clear();
  EXPECT_TRUE(reliability_of(std::vector{none, regression}, kAsTold).empty());
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
  ASSERT_EQ(study.sources_at_least.size(), 3U);
  auto at = [](const std::vector<Reliability>& all, int age) {
    return *std::ranges::find(all, age, &Reliability::age);
  };
  EXPECT_NEAR(at(study.at_least, 18).error, 0, 0.03);
  EXPECT_NEAR(at(study.at_least, 18).all.older, 0.5, 0.01)
      << "each source a third, though one has most of the pictures";
  EXPECT_NEAR(at(study.sources_at_least[0], 18).error, 0.25, 0.03);
  EXPECT_NEAR(at(study.sources_at_least[1], 18).error, 0.25, 0.03);
  EXPECT_EQ(at(study.sources_at_least[1], 18).all.pictures, 400);
}

}  // namespace
}  // namespace agewise::evaluate
