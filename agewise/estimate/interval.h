// How far an estimate may be off: split conformal prediction (Lei et al., "Distribution-Free Predictive Inference for
// Regression", JASA 2018) in bands of the estimated age (Vovk's Mondrian form). From pictures that the network was not
// trained on, each band takes the errors that so many of them stay within, on each side apart: children are
// overestimated and old people underestimated. For new pictures of the same kind an interval then holds the true age
// with at least the probability `coverage`; for pictures of another kind nothing is promised.
#pragma once
#include <span>
#include <vector>

namespace agewise::estimate {

struct AgeInterval {
  double low, high;  // years, low at least 0
};

struct IntervalBand {
  double from;          // estimates of at least so many years, up to the next band's; the first takes all below, too
  double below, above;  // years: the true age lies in [estimate - below, estimate + above]
};

struct Intervals {
  double coverage = 0;  // 0 … 1
  std::vector<IntervalBand> bands;
};

// Bands of equally many pictures, as many as kBandPictures in each allow, kMostBands at most. Throws
// std::invalid_argument if coverage is not between 0 and 1 or there are too few pictures for it: each side's quantile
// needs ⌈2 / (1 - coverage)⌉.
inline constexpr std::size_t kBandPictures = 150, kMostBands = 12;
Intervals calibrate(std::span<const double> estimates, std::span<const double> ages, double coverage);

AgeInterval interval_of(const Intervals& intervals, double estimate);

}  // namespace agewise::estimate
