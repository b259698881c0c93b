#include "agewise/age/classes.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

namespace agewise::age {
namespace {

using testing::ElementsAre;

// The article: Young < 30, Middle 30–44, Old 45–59, Very Old ≥ 60.
TEST(ArticleClasses, thirty_is_middle_and_sixty_is_very_old) {
  Classes classes = classes_between({30, 45, 60}, {"Young", "Middle", "Old", "Very Old"});
  EXPECT_EQ(class_of(classes, 29), 0);
  EXPECT_EQ(class_of(classes, 30), 1);
  EXPECT_EQ(class_of(classes, 44), 1);
  EXPECT_EQ(class_of(classes, 45), 2);
  EXPECT_EQ(class_of(classes, 60), 3);
  EXPECT_EQ(class_of(classes, 101), 3);
}

TEST(ClassNames, are_made_of_the_edges_where_none_are_given) {
  EXPECT_THAT(classes_between({30, 45, 60}).names, ElementsAre("under 30", "30–44", "45–59", "60 and over"));
}

TEST(ClassEdges, must_ascend_and_fit_the_names) {
  EXPECT_THROW(classes_between({}), std::invalid_argument);
  EXPECT_THROW(classes_between({30, 30}), std::invalid_argument);
  EXPECT_THROW(classes_between({30, NAN}), std::invalid_argument);
  EXPECT_THROW(classes_between({30, HUGE_VAL}), std::invalid_argument);
  EXPECT_THROW(classes_between({30, 45}, {"a", "b"}), std::invalid_argument);
  EXPECT_THROW(yearly_classes(1), std::invalid_argument);
}

// Rothe et al. 2015, §3.3: E(O) = Σ y_i o_i over the years 0 … 100.
TEST(ExpectedValue, counts_years_from_zero_as_dex_does) {
  Classes classes = yearly_classes(101);
  ASSERT_EQ(classes.count(), 101);
  std::vector<float> distribution(101, 0);
  distribution[0] = 0.25F;
  distribution[40] = 0.5F;
  distribution[100] = 0.25F;
  EXPECT_DOUBLE_EQ(expected_value(classes, distribution), 0.25 * 0 + 0.5 * 40 + 0.25 * 100);
  EXPECT_EQ(class_of(classes, 37), 37);
}

// Φ(½) = 0.69146, Φ(1½) = 0.93319 (tables): with σ = 1 the year itself holds 0.38292, each neighbour 0.24173.
TEST(GaussianTarget, holds_the_area_over_each_year) {
  Classes classes = yearly_classes(101);
  std::vector<float> target(101);
  gaussian_target(classes, 40, 1, target);
  EXPECT_NEAR(target[40], 0.38292, 1e-5);
  EXPECT_NEAR(target[39], 0.24173, 1e-5);
  EXPECT_NEAR(target[41], 0.24173, 1e-5);
  EXPECT_NEAR(expected_value(classes, target), 40, 1e-4);
}

TEST(GaussianTarget, sums_to_one_also_where_the_first_class_cuts_it_off) {
  Classes classes = yearly_classes(101);
  std::vector<float> target(101);
  gaussian_target(classes, 1, 3, target);
  EXPECT_NEAR(std::accumulate(target.begin(), target.end(), 0.0), 1, 1e-6);
  EXPECT_NEAR(target[0], 0.43382, 1e-5);  // Φ((0.5 - 1)/3)
}

TEST(Median, lies_where_half_of_the_distribution_is_below) {
  Classes classes = yearly_classes(5);
  EXPECT_DOUBLE_EQ(median(classes, std::vector<float>{0, 0, 1, 0, 0}), 2.0);
  EXPECT_DOUBLE_EQ(median(classes, std::vector<float>{0, 0.5F, 0.5F, 0, 0}), 1.5);
  EXPECT_DOUBLE_EQ(median(classes, std::vector<float>{0, 0.25F, 0.75F, 0, 0}), 1.5 + 1.0 / 3);
}

TEST(Argmax, takes_the_first_of_equals) { EXPECT_EQ(argmax(std::vector<float>{0.1F, 0.4F, 0.4F, 0.1F}), 1); }

}  // namespace
}  // namespace agewise::age
