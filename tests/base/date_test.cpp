#include "agewise/base/date.h"

#include <gtest/gtest.h>

namespace agewise::base {
namespace {

// MATLAB: datenum(0,1,1) = 1, datenum(1970,1,1) = 719529, datenum(2000,3,1) = 730546.
TEST(MatlabDay, is_counted_from_the_first_of_january_of_year_0) {
  EXPECT_EQ(matlab_day({0, 1, 1}), 1);
  EXPECT_EQ(matlab_day({1970, 1, 1}), 719529);
  EXPECT_EQ(matlab_day({2000, 3, 1}), 730546);
  EXPECT_EQ(date_of_matlab_day(719529), (Date{1970, 1, 1}));
}

TEST(MatlabDay, goes_there_and_back_over_four_centuries) {
  for (std::int64_t day = matlab_day({1700, 1, 1}); day < matlab_day({2100, 1, 1}); day += 13) {
    EXPECT_EQ(matlab_day(date_of_matlab_day(day)), day);
  }
}

TEST(Date, knows_the_leap_years_of_the_gregorian_calendar) {
  EXPECT_TRUE(is_valid({2000, 2, 29}));
  EXPECT_TRUE(is_valid({2004, 2, 29}));
  EXPECT_FALSE(is_valid({1900, 2, 29}));
  EXPECT_FALSE(is_valid({2001, 2, 29}));
  EXPECT_FALSE(is_valid({2001, 13, 1}));
  EXPECT_FALSE(is_valid({2001, 0, 1}));
}

TEST(CompletedYears, count_up_on_the_birthday_itself) {
  EXPECT_EQ(completed_years({1990, 7, 1}, {2010, 7, 1}), 20);
  EXPECT_EQ(completed_years({1990, 7, 2}, {2010, 7, 1}), 19);
  EXPECT_EQ(completed_years({1992, 2, 29}, {2010, 2, 28}), 17);
  EXPECT_EQ(completed_years({1992, 2, 29}, {2010, 3, 1}), 18);
  EXPECT_EQ(completed_years({2011, 1, 1}, {2010, 7, 1}), -1);
}

}  // namespace
}  // namespace agewise::base
