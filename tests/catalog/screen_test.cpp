#include "agewise/catalog/screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

namespace agewise::catalog {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

CatalogRow scored(double age, double score, double second) {
  CatalogRow row;
  row.age = age;
  row.has_face_score = true;
  row.face_score = score;
  row.second_face_score = second;
  return row;
}

TEST(Screen, keeps_one_clear_face_of_a_possible_age) {
  EXPECT_EQ(screen(scored(30, 1.0, kNotANumber), {}), Reason::none);
}

TEST(Screen, gives_the_reason_for_each_reject) {
  EXPECT_EQ(screen(scored(kNotANumber, 2, kNotANumber), {}), Reason::unknown_age);
  EXPECT_EQ(screen(scored(-1, 2, kNotANumber), {}), Reason::age_below_minimum);
  EXPECT_EQ(screen(scored(101, 2, kNotANumber), {}), Reason::age_above_maximum);
  EXPECT_EQ(screen(scored(30, -kInfinite, kNotANumber), {}), Reason::no_face);
  EXPECT_EQ(screen(scored(30, kNotANumber, kNotANumber), {}), Reason::no_face);
  EXPECT_EQ(screen(scored(30, 0.99, kNotANumber), {}), Reason::low_face_score);
  EXPECT_EQ(screen(scored(30, 2, 1.5), {}), Reason::second_face);
}

TEST(Screen, both_bounds_of_age_are_kept) {
  EXPECT_EQ(screen(scored(0, 2, kNotANumber), {}), Reason::none);
  EXPECT_EQ(screen(scored(100, 2, kNotANumber), {}), Reason::none);
}

TEST(Screen, a_second_score_of_zero_or_less_is_no_second_face) {
  EXPECT_EQ(screen(scored(30, 2, 0), {}), Reason::none);
}

TEST(Screen, looks_at_no_scores_where_the_labels_have_none) {
  CatalogRow row;
  row.age = 30;
  EXPECT_EQ(screen(row, {}), Reason::none);
}

TEST(Screen, unknown_gender_is_a_reason_only_where_gender_is_required) {
  recipe::ScreenRecipe recipe;
  CatalogRow row = scored(30, 2, kNotANumber);
  recipe.gender = recipe::GenderRule::required;
  EXPECT_EQ(screen(row, recipe), Reason::unknown_gender);
  row.gender = Gender::female;
  EXPECT_EQ(screen(row, recipe), Reason::none);
}

TEST(ChooseRows, takes_the_first_ones_or_a_sample_without_replacement) {
  EXPECT_EQ(choose_rows(10, 3, {}), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(choose_rows(2, 3, {}), (std::vector<std::size_t>{0, 1}));
  std::vector<std::size_t> sample = choose_rows(1000, 100, 7);
  EXPECT_EQ(std::set(sample.begin(), sample.end()).size(), 100U);
  EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
  EXPECT_GT(sample.back(), 800U);
  EXPECT_EQ(sample, choose_rows(1000, 100, 7));
  EXPECT_NE(sample, choose_rows(1000, 100, 8));
}

TEST(Balance, leaves_each_class_as_many_as_the_rarest_has) {
  std::vector<int> classes{0, 0, 0, 0, 1, 1, 2, 2, 2};
  std::vector<std::size_t> dropped = balance(classes, 1);
  ASSERT_EQ(dropped.size(), 3U);
  std::vector<int> left(3, 0);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (!std::binary_search(dropped.begin(), dropped.end(), i)) ++left[classes[i]];
  }
  EXPECT_EQ(left, (std::vector<int>{2, 2, 2}));
}

}  // namespace
}  // namespace agewise::catalog
