// A distribution over age classes as a curve: what a class has lies evenly between its edges, and an open class is
// taken as one year wide.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/age/range.h"

namespace agewise::age {

// The classes that a range touches, `last` among them.
struct ClassSpan {
  std::size_t first, last;
  bool contains(std::size_t c) const { return c >= first && c <= last; }
};
ClassSpan touched_by(const Range& range, const Classes& classes);

// The share of the distribution below `age`, in years: 0 … 1.
double share_below(const Classes& classes, std::span<const float> distribution, double age);

// The age below which `share`, 0 … 1, of the distribution lies, in years.
double quantile(const Classes& classes, std::span<const float> distribution, double share);

// `count` equally probable ages of somebody who is known to be within `range`: quantiles of the distribution cut to it.
// This takes the distribution to be right within the range. Where less than kLeastWithin of it lies there, they are all
// the age within the range that is nearest to its median.
inline constexpr double kLeastWithin = 0.01;
std::vector<double> ages_within(const Classes& classes, std::span<const float> distribution, const Range& range,
                                int count);

}  // namespace agewise::age
