// How far an estimate may be off, for each decade of the TRUE age: split conformal prediction, label-conditional (Vovk,
// "Conditional validity of inductive conformal predictors", ACML 2012; Löfström et al., "Bias reduction through
// conditional conformal prediction", Intelligent Data Analysis 2015). The score of an age y for a picture x is
// (y - estimate(x)) / scale(x), where the scale is how wide the model's own distribution for x is. Of pictures that the
// network was not trained on, each group of people of a true age gets the two scores between which so many of them lie.
// An age belongs to a picture's set if its score lies between the two of its own group; the interval is the smallest
// that holds the set. So it holds the true age of new pictures of the same kind with at least the probability
// `coverage` whether the person is 15 or 75, though teenagers are overestimated and old people underestimated. For
// pictures of another kind nothing is promised.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/estimate/at_least.h"

namespace agewise::estimate {

struct AgeInterval {
  double low, high;  // years, low at least 0
};

// People of one true age or another.
struct AgeGroup {
  double from;       // years: those of at least so many, up to the next group's; the last group has no end
  double low, high;  // scores, low ≤ 0 ≤ high
};

// As models of earlier versions have them, which hold on average only: by the estimated age, not the true one.
struct IntervalBand {
  double from;          // estimates of at least so many years, up to the next band's; the first takes all below, too
  double below, above;  // years: the true age lies in [estimate - below, estimate + above]
};

// What calibrate() measures. Of bands and groups one is empty.
struct Intervals {
  double coverage = 0;  // 0 … 1
  std::vector<IntervalBand> bands = {};
  std::vector<AgeGroup> groups = {};   // ascending, the first from 0
  std::vector<Sigmoid> at_least = {};  // of ascending years; empty of a regression, and of models of earlier versions
};

// Half the distance between the distribution's quantiles at 10 % and 90 %, and kLeastScale more, so that a model that
// is sure of itself is not believed without end: years.
inline constexpr double kLeastScale = 1;
double scale_of(const age::Classes& classes, std::span<const float> distribution);

// A picture to calibrate on.
struct Known {
  double estimate, scale;
  std::vector<double> ages;  // equally probable ones (age/distribution.h), or the one that it is
  std::size_t source = 0;
  std::vector<double> shares = {};  // shares_from(), of a regression empty
  std::vector<double> older = {};   // to `shares`, 1: of so many years or older; 0: younger; or between
};

// Groups are the decades, those from 80 on together. Within a group all sources weigh the same, so that no collection
// dominates, but one that has fewer pictures there than a quantile needs weighs less in proportion. The two scores are
// weighted quantiles with the correction for the new picture (Tibshirani et al., "Conformal Prediction Under Covariate
// Shift", NeurIPS 2019), which weighs what pictures drawn by these weights do on average; with one source the k-th
// smallest of n scores is taken, k = ⌈(n + 1)(1 - tail)⌉. A group too small for its quantiles joins its smaller
// neighbour. The sigmoids are those of the kThresholds that fit_sigmoid() can fit; all sources weigh the same there,
// too, but one of fewer than kFewestOnASide pictures less in proportion. Throws std::invalid_argument if coverage is
// not between 0 and 1 or all groups together are too small.
Intervals calibrate(std::span<const Known> pictures, double coverage);

// The pictures that a group needs, counted as many as their weights are worth (Kish's effective size): ⌈2 / (1 -
// coverage)⌉.
double pictures_needed(double coverage);
// What each of a source's pictures weighs in a group of which it has so many.
double weight_in_group(double pictures, double coverage);

// Ages to age::kOldest; always with the estimate itself. Of bands, which know no scale, as their models gave them.
AgeInterval interval_of(const Intervals& intervals, double estimate, double scale);

// Whether an interval says so little that the estimate is not told, either: it is wider than `widest` years
// (predict.widest_interval; 0: none is).
bool is_too_wide(const AgeInterval& interval, double widest);

// The decade of an age as groups and tables have it: 0 … kDecades - 1, the last from 80 on.
inline constexpr std::size_t kDecades = 9;
std::size_t decade_of(double age);

}  // namespace agewise::estimate
