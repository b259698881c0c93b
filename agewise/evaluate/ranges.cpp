#include <cmath>
#include <utility>

#include "agewise/evaluate/groups.h"

namespace agewise::evaluate {
namespace {

RangeScores scores_of(std::string name, const Pictures& members) {
  RangeScores scores{std::move(name), std::ssize(members)};
  for (const Prediction* one : members) {
    double distance = age::distance(one->estimate, *one->face.age_range);
    scores.inside += distance == 0 ? 1 : 0;
    scores.near += std::abs(distance) <= kNear ? 1 : 0;
    scores.distance += std::abs(distance);
    scores.mean_distance += distance;
  }
  for (double* sum : {&scores.inside, &scores.near, &scores.distance, &scores.mean_distance})
    *sum /= static_cast<double>(members.size());
  return scores;
}

void add_ranges(const Pictures& all, std::vector<RangeScores>& groups) {
  auto ranges = divided_by(all, [](const store::FaceRecord& face) {
    return std::pair{face.age_range->low, face.age_range->high};
  });
  if (ranges.size() <= kMostRanges) {
    for (const auto& [ends, members] : ranges)
      groups.push_back(scores_of(age::to_text(age::Range{ends.first, ends.second}), members));
    return;
  }
  auto decades = divided_by(all, [](const store::FaceRecord& face) {
    const age::Range& range = *face.age_range;
    return static_cast<int>(std::floor((range.is_open() ? range.low : (range.low + range.high) / 2) / 10));
  });
  for (const auto& [decade, members] : decades) groups.push_back(scores_of(name_of_decade(decade), members));
}

// Where there is more than one: a group of all says nothing new.
template <class KeyOf>
void add_named(const Pictures& all, KeyOf name_of, std::vector<RangeScores>& groups) {
  auto named = divided_by(all, name_of);
  if (named.size() < 2) return;
  for (const auto& [name, members] : named) groups.push_back(scores_of(name.empty() ? "not known" : name, members));
}

}  // namespace

std::vector<double> known_ages(const Prediction& one) {
  return one.face.age_range ? one.range_ages : std::vector{one.face.age};
}

std::optional<Ranges> take_ranges(std::vector<Prediction>& predictions) {
  Pictures all;
  for (const Prediction& one : predictions) {
    if (one.face.age_range) all.push_back(&one);
  }
  if (all.empty()) return std::nullopt;
  Ranges ranges{scores_of("all", all), {}};
  add_ranges(all, ranges.groups);
  add_named(
      all, [](const store::FaceRecord& face) { return name_of_gender(face.gender); }, ranges.groups);
  add_named(
      all, [](const store::FaceRecord& face) { return face.race; }, ranges.groups);
  add_named(
      all, [](const store::FaceRecord& face) { return face.source; }, ranges.groups);
  std::erase_if(predictions, [](const Prediction& one) { return one.face.age_range.has_value(); });
  return ranges;
}

}  // namespace agewise::evaluate
