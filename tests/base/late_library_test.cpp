#include "agewise/base/late_library.h"

#include <gmock/gmock.h>

#include "tests/error_of.h"

namespace agewise::base {
namespace {

using testing::HasSubstr;

TEST(LateLibrary, finds_functions_and_names_what_is_missing) {
  EXPECT_NEAR(reinterpret_cast<double (*)(double)>(LateLibrary("libm.so.6").find("cbrt"))(27), 3, 1e-12);
  EXPECT_THAT(error_of([] { LateLibrary("libm.so.6").find("cubic_root"); }),
              HasSubstr("libm.so.6 has no function cubic_root"));
  EXPECT_THAT(error_of([] { LateLibrary("libnothing.so.7"); }), HasSubstr("libnothing.so.7 cannot be loaded"));
}

}  // namespace
}  // namespace agewise::base
