#include "agewise/age/range.h"

#include <fmt/format.h>

namespace agewise::age {

double distance(double age, const Range& range) {
  if (age < range.low) return age - range.low;
  return age > range.high ? age - range.high : 0;
}

std::string to_text(const Range& range) {
  return range.is_open() ? fmt::format("{}+", range.low) : fmt::format("{}–{}", range.low, range.high);
}

}  // namespace agewise::age
