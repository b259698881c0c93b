#include <cmath>

#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

std::optional<RangeScores> take_ranges(std::vector<Prediction>& predictions) {
  RangeScores scores;
  for (const Prediction& one : predictions) {
    if (!one.face.age_range) continue;
    double distance = age::distance(one.estimate, *one.face.age_range);
    ++scores.pictures;
    scores.inside += distance == 0 ? 1 : 0;
    scores.distance += std::abs(distance);
    scores.mean_distance += distance;
  }
  if (scores.pictures == 0) return std::nullopt;
  std::erase_if(predictions, [](const Prediction& one) { return one.face.age_range.has_value(); });
  for (double* sum : {&scores.inside, &scores.distance, &scores.mean_distance})
    *sum /= static_cast<double>(scores.pictures);
  return scores;
}

}  // namespace agewise::evaluate
