#include "agewise/estimate/interval.h"

#include <gtest/gtest.h>

#include "agewise/base/random.h"

namespace agewise::estimate {
namespace {

// 39 errors of 1, 2 … 39 years; 90 % leave 5 % on each side.
TEST(Intervals, take_the_conformal_quantile_of_the_errors) {
  std::vector<double> estimates, ages;
  for (int i = 1; i <= 39; ++i) {
    estimates.push_back(40);
    ages.push_back(40 + i);
  }
  Intervals intervals = calibrate(estimates, ages, 0.9);
  ASSERT_EQ(intervals.bands.size(), 1U);
  EXPECT_DOUBLE_EQ(intervals.bands[0].above, 38);  // ⌈40 · 0.95⌉ = 38th smallest of 1 … 39
  EXPECT_DOUBLE_EQ(intervals.bands[0].below, 0);   // nobody was younger than estimated
  AgeInterval interval = interval_of(intervals, 40);
  EXPECT_DOUBLE_EQ(interval.low, 40);
  EXPECT_DOUBLE_EQ(interval.high, 78);
}

TEST(Intervals, know_children_from_old_people) {
  std::vector<double> estimates, ages;
  for (int i = 0; i < 300; ++i) {
    bool child = i % 2 == 0;
    estimates.push_back(child ? 5 : 70);
    ages.push_back(child ? 5 + i % 3 - 1 : 70 + i % 21 - 10);
  }
  Intervals intervals = calibrate(estimates, ages, 0.9);
  ASSERT_EQ(intervals.bands.size(), 2U);
  EXPECT_LE(interval_of(intervals, 5).high - interval_of(intervals, 5).low, 2);
  EXPECT_GE(interval_of(intervals, 70).high - interval_of(intervals, 70).low, 18);
  EXPECT_DOUBLE_EQ(interval_of(intervals, 0.5).low, 0);                            // nobody is younger than 0
  EXPECT_DOUBLE_EQ(interval_of(intervals, 2).high, 2 + intervals.bands[0].above);  // below the first band's begin
}

TEST(Intervals, hold_what_they_promise_for_new_pictures_of_the_same_kind) {
  base::Random random(3, base::Purpose::test);
  auto draw = [&](int n, std::vector<double>& estimates, std::vector<double>& ages) {
    for (int i = 0; i < n; ++i) {
      estimates.push_back(random.uniform(0, 90));
      ages.push_back(estimates.back() + random.normal() * (2 + estimates.back() / 10));
    }
  };
  std::vector<double> estimates, ages, new_estimates, new_ages;
  draw(3000, estimates, ages);
  draw(3000, new_estimates, new_ages);
  Intervals intervals = calibrate(estimates, ages, 0.9);
  int inside = 0;
  for (std::size_t i = 0; i < new_ages.size(); ++i) {
    AgeInterval interval = interval_of(intervals, new_estimates[i]);
    inside += new_ages[i] >= interval.low - 1e-9 && new_ages[i] <= interval.high;
  }
  EXPECT_NEAR(inside / 3000.0, 0.9, 0.02);
}

TEST(Intervals, need_pictures_enough_for_their_quantiles) {
  std::vector<double> few(19, 30.0), enough(20, 30.0);
  EXPECT_THROW(calibrate(few, few, 0.9), std::invalid_argument);
  EXPECT_NO_THROW(calibrate(enough, enough, 0.9));
  EXPECT_THROW(calibrate(enough, enough, 1.0), std::invalid_argument);
}

}  // namespace
}  // namespace agewise::estimate
