#include "agewise/estimate/interval.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace agewise::estimate {
namespace {

// The k-th smallest of n errors with k = ⌈(n + 1)(1 - tail)⌉: the next error is at most that with probability 1 - tail
// or more.
double bound(std::vector<double> errors, double tail) {
  auto n = static_cast<double>(errors.size());
  auto k = static_cast<std::ptrdiff_t>(std::ceil((n + 1) * (1 - tail) - 1e-9));
  auto place = errors.begin() + std::min<std::ptrdiff_t>(k, std::ssize(errors)) - 1;
  std::nth_element(errors.begin(), place, errors.end());
  return *place;
}

}  // namespace

Intervals calibrate(std::span<const double> estimates, std::span<const double> ages, double coverage) {
  std::size_t n = estimates.size();
  if (!(coverage > 0 && coverage < 1) || ages.size() != n) throw std::invalid_argument("calibrate: wrong coverage");
  double tail = (1 - coverage) / 2;
  if (static_cast<double>(n) < std::ceil(1 / tail - 1e-9))
    throw std::invalid_argument("too few pictures to calibrate on");
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return estimates[a] < estimates[b]; });

  auto needed = std::max<std::size_t>(kBandPictures, static_cast<std::size_t>(std::ceil(1 / tail)));
  std::size_t bands = std::clamp<std::size_t>(n / needed, 1, kMostBands);
  Intervals intervals{coverage, {}};
  for (std::size_t band = 0; band < bands; ++band) {
    std::vector<double> over, under;
    for (std::size_t i = n * band / bands; i < n * (band + 1) / bands; ++i) {
      double error = ages[order[i]] - estimates[order[i]];
      over.push_back(error);
      under.push_back(-error);
    }
    double from = estimates[order[n * band / bands]];
    intervals.bands.push_back({from, std::max(0.0, bound(under, tail)), std::max(0.0, bound(over, tail))});
  }
  return intervals;
}

AgeInterval interval_of(const Intervals& intervals, double estimate) {
  auto band = intervals.bands.begin();
  for (auto next = band; next != intervals.bands.end() && next->from <= estimate; ++next) band = next;
  return {std::max(0.0, estimate - band->below), std::max(0.0, estimate + band->above)};
}

}  // namespace agewise::estimate
