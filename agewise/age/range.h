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

// How many years `age` lies below the range (negative) or above it; 0 inside.
double distance(double age, const Range& range);

std::string to_text(const Range& range);  // "20–29", "70+"

}  // namespace agewise::age
