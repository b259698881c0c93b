#include "agewise/base/late_library.h"

#include <gmock/gmock.h>

#include "agewise/base/error.h"

namespace agewise {
namespace {

using testing::HasSubstr;

template <class Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(LateLibrary, finds_functions_and_names_what_is_missing) {
  EXPECT_NEAR(reinterpret_cast<double (*)(double)>(LateLibrary("libm.so.6").find("cbrt"))(27), 3, 1e-12);
  EXPECT_THAT(error_of([] { LateLibrary("libm.so.6").find("cubic_root"); }),
              HasSubstr("libm.so.6 has no function cubic_root"));
  EXPECT_THAT(error_of([] { LateLibrary("libnothing.so.7"); }), HasSubstr("libnothing.so.7 cannot be loaded"));
}

}  // namespace
}  // namespace agewise
