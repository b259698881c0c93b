#include "agewise/age/distribution.h"

#include <algorithm>
#include <cstddef>

namespace agewise::age {
namespace {

struct Ends {
  double low, high;
};

Ends ends_of(const Classes& classes, int c) {
  double low = c > 0 ? classes.edges[c - 1] : classes.edges[0] - 1;
  return {low, c + 1 < classes.count() ? classes.edges[c] : low + 1};
}

}  // namespace

ClassSpan touched_by(const Range& range, const Classes& classes) {
  return {static_cast<std::size_t>(class_of(classes, range.low)),
          static_cast<std::size_t>(class_of(classes, range.high))};
}

double share_below(const Classes& classes, std::span<const float> distribution, double age) {
  double below = 0;
  for (int c = 0; c < classes.count(); ++c) {
    auto [low, high] = ends_of(classes, c);
    below += distribution[c] * std::clamp((age - low) / (high - low), 0.0, 1.0);
  }
  return below;
}

double quantile(const Classes& classes, std::span<const float> distribution, double share) {
  double below = 0;
  for (int c = 0;; ++c) {
    double with = below + distribution[c];
    if (with >= share || c + 1 == classes.count()) {
      auto [low, high] = ends_of(classes, c);
      double part = with > below ? std::clamp((share - below) / (with - below), 0.0, 1.0) : 0.5;
      return low + part * (high - low);
    }
    below = with;
  }
}

std::vector<double> ages_within(const Classes& classes, std::span<const float> distribution, const Range& range,
                                int count) {
  double below = share_below(classes, distribution, range.low);
  double within = share_below(classes, distribution, range.high) - below;
  std::vector<double> ages;
  for (int i = 0; i < count; ++i) {
    double share = within < kLeastWithin ? 0.5 : below + (i + 0.5) / count * within;
    ages.push_back(std::clamp(quantile(classes, distribution, share), range.low, range.high));
  }
  return ages;
}

}  // namespace agewise::age
