#include "agewise/age/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace agewise::age {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

TEST(MeanErrors, by_hand) {
  std::vector<double> estimate{20, 33, 60}, truth{25, 30, 60};
  EXPECT_DOUBLE_EQ(mean_absolute_error(estimate, truth), 8.0 / 3);
  EXPECT_DOUBLE_EQ(mean_signed_error(estimate, truth), -2.0 / 3);
}

TEST(CumulativeScore, counts_an_error_of_exactly_k_as_a_hit) {
  std::vector<double> estimate{25, 36, 40, kMissing}, truth{20, 30, 40, 40};
  EXPECT_DOUBLE_EQ(cumulative_score(estimate, truth, 5), 50);
  EXPECT_DOUBLE_EQ(cumulative_score(estimate, truth, 4.999), 25);
}

// ChaLearn LAP: 1 - exp(-(x-μ)²/(2σ²)); one deviation away that is 1 - e^(-1/2) = 0.393469.
TEST(EpsilonError, is_0_39_one_deviation_away) {
  std::vector<double> estimate{33}, mean{30}, sigma{3};
  EXPECT_NEAR(epsilon_error(estimate, mean, sigma), 0.393469, 1e-6);
}

TEST(EpsilonError, scores_one_for_a_missing_estimate) {
  std::vector<double> estimate{30, kMissing}, mean{30, 30}, sigma{3, 3};
  EXPECT_DOUBLE_EQ(epsilon_error(estimate, mean, sigma), 0.5);
}

TEST(EpsilonError, without_deviation_is_all_or_nothing) {
  std::vector<double> estimate{30, 31}, mean{30, 30}, sigma{0, 0};
  EXPECT_DOUBLE_EQ(epsilon_error(estimate, mean, sigma), 0.5);
}

TEST(MeanErrors, leave_missing_estimates_out) {
  std::vector<double> estimate{20, kMissing}, truth{25, 30};
  EXPECT_DOUBLE_EQ(mean_absolute_error(estimate, truth), 5);
  EXPECT_TRUE(std::isnan(mean_absolute_error(std::vector{kMissing}, std::vector{1.0})));
}

}  // namespace
}  // namespace agewise::age
