#include "agewise/estimate/answer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>

#include "agewise/base/error.h"

namespace agewise::estimate {
namespace {

constexpr double kThousandths = 1e3, kMillionths = 1e6;
double rounded(double value, double steps) { return std::round(value * steps) / steps; }

Face place_of(const face::FaceCut& cut) {
  Face face;
  if (!cut.face) return face;
  const image::Box& box = cut.face->box;
  face.box = Box{rounded(box.left, kThousandths), rounded(box.top, kThousandths), rounded(box.right, kThousandths),
                 rounded(box.bottom, kThousandths)};
  face.angle = rounded(cut.face->angle, kThousandths);
  face.score = rounded(cut.face->score, kMillionths);
  face.replicated = rounded(cut.replicated, kMillionths);
  if (!cut.face->points) return face;
  face.points.emplace();
  for (std::size_t i = 0; i < face.points->size(); ++i) {
    face::Point point = (*cut.face->points).*face::kAllPoints[i];
    (*face.points)[i] = {rounded(point.x, kThousandths), rounded(point.y, kThousandths)};
  }
  return face;
}

}  // namespace

std::string reason_of(const std::string& refusal, const Estimate& estimate) {
  return refusal.empty() ? reason_of(estimate) : refusal;
}

void check_at_least(const Model& model, int years) {
  if (!model.intervals || model.intervals->at_least.empty()) {
    throw base::UsageError(fmt::format(
        "{} years or older: the model is not calibrated for that as it is used here, with these settings and this way "
        "of finding faces; `agewise calibrate` makes a model that is, unless it is a regression",
        years));
  }
  int first = model.intervals->at_least.front().years, last = model.intervals->at_least.back().years;
  if (years < first || years > last)
    throw base::UsageError(
        fmt::format("{} years or older: the model is calibrated for {} to {} years", years, first, last));
}

Face face_of(const Model& model, const face::FaceCut& cut, const std::string& refusal, const Estimate& estimate,
             int at_least) {
  Face face = place_of(cut);
  face.reason = reason_of(refusal, estimate);
  if (refusal.empty() && estimate.interval) {
    face.interval = Interval{rounded(estimate.interval->low, kThousandths),
                             rounded(estimate.interval->high, kThousandths), model.intervals->coverage};
    if (at_least > 0)
      face.at_least = AtLeast{at_least, rounded(probability_at_least(model.intervals->at_least, model.classes,
                                                                     estimate.distribution, at_least),
                                                kMillionths)};
  }
  if (!face.reason.empty()) return face;
  face.age = rounded(estimate.age, kThousandths);
  if (!estimate.members.empty()) face.spread = rounded(spread_of(estimate), kThousandths);
  if (estimate.male) face.male = rounded(*estimate.male, kMillionths);
  if (names_classes(model)) face.age_class = model.classes.names[static_cast<std::size_t>(estimate.most_likely_class)];
  return face;
}

std::vector<double> distribution_of(const Estimate& estimate) {
  std::vector<double> distribution;
  for (float probability : estimate.distribution) distribution.push_back(rounded(double{probability}, kMillionths));
  return distribution;
}

}  // namespace agewise::estimate
