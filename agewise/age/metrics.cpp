#include "agewise/age/metrics.h"

#include <cmath>
#include <limits>

namespace agewise::age {
namespace {

// Mean of measure(estimate, truth) over those not missing; NaN if all are.
template <class Measure>
double mean_over_present(std::span<const double> estimate, std::span<const double> truth, Measure measure) {
  double sum = 0;
  std::size_t present = 0;
  for (std::size_t i = 0; i < estimate.size(); ++i) {
    if (std::isnan(estimate[i])) continue;
    sum += measure(estimate[i], truth[i]);
    ++present;
  }
  return present > 0 ? sum / static_cast<double>(present) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double mean_absolute_error(std::span<const double> estimate, std::span<const double> truth) {
  return mean_over_present(estimate, truth, [](double e, double t) { return std::abs(e - t); });
}

double mean_signed_error(std::span<const double> estimate, std::span<const double> truth) {
  return mean_over_present(estimate, truth, [](double e, double t) { return e - t; });
}

double cumulative_score(std::span<const double> estimate, std::span<const double> truth, double k) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < estimate.size(); ++i) hits += std::abs(estimate[i] - truth[i]) <= k ? 1 : 0;
  return 100.0 * static_cast<double>(hits) / static_cast<double>(estimate.size());
}

double epsilon_error(std::span<const double> estimate, std::span<const double> mean, std::span<const double> sigma) {
  double sum = 0;
  for (std::size_t i = 0; i < estimate.size(); ++i) {
    double off = estimate[i] - mean[i];
    if (std::isnan(off)) {
      sum += 1;
    } else if (sigma[i] == 0) {
      sum += off == 0 ? 0 : 1;
    } else {
      sum += 1 - std::exp(-off * off / (2 * sigma[i] * sigma[i]));
    }
  }
  return sum / static_cast<double>(estimate.size());
}

}  // namespace agewise::age
