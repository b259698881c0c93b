// An age that is known only as a range: "20-29", "70 and over".
#pragma once
#include <cmath>
#include <limits>
#include <string>

namespace agewise::age {

// Years, both ends included, 0 ≤ low ≤ high; `high` is infinite for "70 and over".
struct Range {
  double low = 0, high = std::numeric_limits<double>::infinity();

  bool is_open() const { return std::isinf(high); }
  bool contains(double age) const { return age >= low && age <= high; }
  friend bool operator==(const Range&, const Range&) = default;
};

// The whole years that such a person may be of, `last` among them. Nobody is older than kOldest, which stands for all
// years from it on.
struct WholeYears {
  int first = 0, last = 0;
  int count() const { return last - first + 1; }
};
inline constexpr int kOldest = 110;
WholeYears whole_years(const Range& range);

// How many years `age` lies below the range (negative) or above it; 0 inside; NaN of what is not a number.
double distance(double age, const Range& range);

std::string to_text(const Range& range);  // "20–29", "70+"

}  // namespace agewise::age
