#include "agewise/age/range.h"

#include <fmt/format.h>

#include <algorithm>

namespace agewise::age {

WholeYears whole_years(const Range& range) {
  auto whole = [](double age) { return static_cast<int>(std::floor(std::min(age, double{kOldest}))); };
  return {whole(range.low), whole(range.high)};
}

double distance(double age, const Range& range) {
  if (!(age >= range.low)) return age - range.low;  // what is not a number stays so
  return age > range.high ? age - range.high : 0;
}

std::string to_text(const Range& range) {
  return range.is_open() ? fmt::format("{}+", range.low) : fmt::format("{}–{}", range.low, range.high);
}

}  // namespace agewise::age
