#include "agewise/base/date.h"

#include <gtest/gtest.h>

namespace agewise {
namespace {

// MATLAB: datenum(0,1,1) = 1, datenum(1970,1,1) = 719529.
TEST(MatlabDay, one_is_the_first_of_january_of_year_0) {
  EXPECT_EQ(matlab_day({0, 1, 1}), 1);
  EXPECT_EQ(matlab_day({1970, 1, 1}), 719529);
  EXPECT_EQ(date_of_matlab_day(719529), (Date{1970, 1, 1}));
}

}  // namespace
}  // namespace agewise
