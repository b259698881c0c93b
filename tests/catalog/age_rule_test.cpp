#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {
namespace {

CatalogRow dated(double born, double taken) {
  CatalogRow row;
  row.born = born;
  row.taken = taken;
  return row;
}

// 1 July 1990 is MATLAB's day 727,015: 719,529 (1 January 1970) + 7,486 days (20 years, 5 of them leap, and 181 days).
constexpr double kFirstOfJuly1990 = 719529 + 20 * 365 + 5 + 181;

TEST(AgeRule, mid_year_counts_a_birthday_on_the_first_of_july) {
  EXPECT_EQ(age_of(dated(kFirstOfJuly1990, 2010), recipe::AgeRule::mid_year), 20);
  EXPECT_EQ(age_of(dated(kFirstOfJuly1990 + 1, 2010), recipe::AgeRule::mid_year), 19);
}

TEST(AgeRule, birth_month_takes_a_year_from_all_born_in_july_or_later) {
  EXPECT_EQ(age_of(dated(kFirstOfJuly1990, 2010), recipe::AgeRule::birth_month), 19);
  EXPECT_EQ(age_of(dated(kFirstOfJuly1990 - 1, 2010), recipe::AgeRule::birth_month), 20);
}

TEST(AgeRule, year_difference_ignores_the_month) {
  EXPECT_EQ(age_of(dated(kFirstOfJuly1990 + 150, 2010), recipe::AgeRule::year_difference), 20);
}

TEST(AgeRule, an_age_in_the_labels_wins_over_dates) {
  CatalogRow row = dated(kFirstOfJuly1990, 2010);
  row.age = 33;
  EXPECT_EQ(age_of(row, recipe::AgeRule::mid_year), 33);
}

TEST(AgeRule, an_impossible_age_in_the_labels_is_none) {
  for (double bad : {std::numeric_limits<double>::infinity(), 1e300, -1e300}) {
    CatalogRow row;
    row.age = bad;
    EXPECT_TRUE(std::isnan(age_of(row, recipe::AgeRule::mid_year))) << bad;
  }
}

TEST(AgeRule, impossible_dates_have_no_age) {
  double infinite = std::numeric_limits<double>::infinity();
  for (double bad : {kNotANumber, infinite, -infinite, 0.0, -5.0, 1e18}) {
    EXPECT_TRUE(std::isnan(age_of(dated(bad, 2010), recipe::AgeRule::mid_year))) << bad;
    EXPECT_TRUE(std::isnan(age_of(dated(kFirstOfJuly1990, bad), recipe::AgeRule::mid_year))) << bad;
  }
  EXPECT_TRUE(std::isnan(age_of(CatalogRow{}, recipe::AgeRule::mid_year)));
}

}  // namespace
}  // namespace agewise::catalog
