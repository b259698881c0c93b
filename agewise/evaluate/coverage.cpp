#include "agewise/evaluate/coverage.h"

#include <algorithm>
#include <cmath>

#include "agewise/base/random.h"
#include "agewise/catalog/persons.h"
#include "agewise/estimate/interval.h"

namespace agewise::evaluate {
namespace {

constexpr std::uint64_t kSeed = 1;

struct Half {
  std::vector<double> estimates, ages;
};

// In the order of their persons' names, those without one first: what is drawn from them depends on it.
std::vector<std::vector<const Prediction*>> groups_of(std::span<const Prediction> predictions) {
  std::vector<std::string_view> persons;
  for (const Prediction& one : predictions) persons.push_back(one.face.person);
  std::vector<std::vector<std::size_t>> indices = catalog::by_person(persons);
  std::stable_sort(indices.begin(), indices.end(),
                   [&](const auto& a, const auto& b) { return persons[a.front()] < persons[b.front()]; });
  std::vector<std::vector<const Prediction*>> groups;
  for (const std::vector<std::size_t>& group : indices) {
    std::vector<const Prediction*>& pictures = groups.emplace_back();
    for (std::size_t i : group) pictures.push_back(&predictions[i]);
  }
  return groups;
}

}  // namespace

CoverageStudy study_coverage(std::span<const Prediction> predictions, double coverage, int splits) {
  std::vector<std::vector<const Prediction*>> groups = groups_of(predictions);
  std::vector<double> shares;
  double width = 0;
  std::size_t intervals_made = 0;
  for (int split = 0; split < splits; ++split) {
    base::Random(kSeed, base::Purpose::split, static_cast<std::uint32_t>(split)).shuffle(std::span(groups));
    Half halves[2];
    for (const auto& group : groups) {
      Half& half = halves[halves[1].ages.size() < halves[0].ages.size()];
      for (const Prediction* one : group) {
        half.estimates.push_back(one->estimate);
        half.ages.push_back(one->face.age);
      }
    }
    for (int i = 0; i < 2; ++i) {
      estimate::Intervals intervals = estimate::calibrate(halves[i].estimates, halves[i].ages, coverage);
      const Half& other = halves[1 - i];
      std::size_t inside = 0;
      for (std::size_t k = 0; k < other.ages.size(); ++k) {
        estimate::AgeInterval interval = estimate::interval_of(intervals, other.estimates[k]);
        inside += other.ages[k] >= interval.low && other.ages[k] <= interval.high;
        width += interval.high - interval.low;
      }
      intervals_made += other.ages.size();
      shares.push_back(static_cast<double>(inside) / static_cast<double>(other.ages.size()));
    }
  }
  CoverageStudy study{splits};
  for (double share : shares) study.mean += share / static_cast<double>(shares.size());
  for (double share : shares) study.deviation += std::pow(share - study.mean, 2) / static_cast<double>(shares.size());
  study.deviation = std::sqrt(study.deviation);
  auto [lowest, highest] = std::minmax_element(shares.begin(), shares.end());
  study.lowest = *lowest;
  study.highest = *highest;
  study.width = width / static_cast<double>(intervals_made);
  return study;
}

}  // namespace agewise::evaluate
