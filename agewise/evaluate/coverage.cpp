#include "agewise/evaluate/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "agewise/base/random.h"
#include "agewise/catalog/persons.h"
#include "agewise/evaluate/groups.h"
#include "agewise/evaluate/reliability.h"

namespace agewise::evaluate {
namespace {

constexpr std::uint64_t kSeed = 1;

using Half = std::vector<std::size_t>;  // indices of a set's predictions

struct Sums {
  double pictures = 0, inside = 0, width = 0;
};

using Decades = std::array<Sums, estimate::kDecades>;  // of a source

Sums operator+(const Sums& a, const Sums& b) {
  return {a.pictures + b.pictures, a.inside + b.inside, a.width + b.width};
}

void count(Decades& decades, const Prediction& one, const estimate::AgeInterval& interval) {
  std::vector<double> ages = known_ages(one);
  double share = 1 / static_cast<double>(ages.size());
  for (double age : ages) {
    bool inside = age >= interval.low && age <= interval.high;
    Sums& sums = decades[estimate::decade_of(age)];
    sums = sums + Sums{share, inside ? share : 0, share * (interval.high - interval.low)};
  }
}

// Sources together, as calibrate() weighs them.
Covered together(std::string name, std::span<const Sums> sources, double promised) {
  Covered covered{std::move(name)};
  double weights = 0;
  for (const Sums& sums : sources) {
    double weight = estimate::weight_in_group(sums.pictures, promised);
    covered.pictures += sums.pictures;
    covered.share += weight * sums.inside;
    covered.width += weight * sums.width;
    weights += weight * sums.pictures;
  }
  covered.share /= weights;
  covered.width /= weights;
  return covered;
}

std::string name_of_calibrated(std::size_t decade) {
  return decade + 1 == estimate::kDecades ? fmt::format("{} and over", 10 * decade)
                                          : name_of_decade(static_cast<int>(decade));
}

Coverage coverage_of(std::string name, std::span<const Decades> sources, double promised) {
  std::vector<Sums> all(sources.size());
  Coverage coverage{promised, {}, {}};
  for (std::size_t decade = 0; decade < estimate::kDecades; ++decade) {
    std::vector<Sums> its;
    double pictures = 0;
    for (std::size_t source = 0; source < sources.size(); ++source) {
      its.push_back(sources[source][decade]);
      all[source] = all[source] + its.back();
      pictures += its.back().pictures;
    }
    if (pictures > 0) coverage.decades.push_back(together(name_of_calibrated(decade), its, promised));
  }
  coverage.all = together(std::move(name), all, promised);
  return coverage;
}

// In the order of their persons' names, those without one first: what is drawn from them depends on it.
std::vector<std::vector<std::size_t>> groups_of(std::span<const Prediction> predictions) {
  std::vector<std::string_view> persons;
  for (const Prediction& one : predictions) persons.push_back(one.face.person);
  std::vector<std::vector<std::size_t>> groups = catalog::by_person(persons);
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const auto& a, const auto& b) { return persons[a.front()] < persons[b.front()]; });
  return groups;
}

std::array<Half, 2> halves_of(std::vector<std::vector<std::size_t>>& groups, int split) {
  base::Random(kSeed, base::Purpose::split, static_cast<std::uint32_t>(split)).shuffle(std::span(groups));
  std::array<Half, 2> halves;
  for (const std::vector<std::size_t>& group : groups) {
    Half& half = halves[halves[1].size() < halves[0].size()];
    half.insert(half.end(), group.begin(), group.end());
  }
  return halves;
}

estimate::Intervals calibrate_on(const CalibrationSet& set, std::span<const std::size_t> pictures, double coverage) {
  std::vector<estimate::Known> known;
  for (std::size_t i : pictures) {
    const Prediction& one = set.predictions[i];
    known.push_back({one.estimate, one.scale, known_ages(one), set.sources[i], one.shares, shares_older(one)});
  }
  return estimate::calibrate(known, coverage);
}

// What a half says of a source: in each decade of its intervals, and of "N years or older".
struct Measured {
  Decades decades = {};
  ReliabilitySums at_least;
  double pictures = 0;
};

std::vector<Measured> measured(const CalibrationSet& set, const Half& half, const estimate::Intervals& intervals) {
  std::vector<Measured> sources(set.source_names.size());
  for (std::size_t i : half) {
    const Prediction& one = set.predictions[i];
    Measured& source = sources[set.sources[i]];
    count(source.decades, one, estimate::interval_of(intervals, one.estimate, one.scale));
    source.at_least.add(one, intervals.at_least);
    source.pictures += 1;
  }
  return sources;
}

// Sources weigh as in estimate::calibrate().
ReliabilitySums together(std::span<const Measured> sources) {
  ReliabilitySums all;
  for (const Measured& source : sources)
    all.add(source.at_least, 1 / std::max(source.pictures, estimate::kFewestOnASide));
  return all;
}

void spread_of(const std::vector<double>& shares, CoverageStudy& study) {
  for (double share : shares) study.mean += share / static_cast<double>(shares.size());
  for (double share : shares) study.deviation += std::pow(share - study.mean, 2) / static_cast<double>(shares.size());
  study.deviation = std::sqrt(study.deviation);
  auto [lowest, highest] = std::minmax_element(shares.begin(), shares.end());
  study.lowest = *lowest;
  study.highest = *highest;
}

}  // namespace

std::optional<Coverage> coverage_of(std::span<const Prediction> predictions, double promised, double widest_interval) {
  Decades all, told;
  std::size_t pictures = 0, pictures_told = 0;
  for (const Prediction& one : predictions) {
    if (!one.interval) continue;
    count(all, one, *one.interval);
    ++pictures;
    if (estimate::is_too_wide(*one.interval, widest_interval)) continue;
    count(told, one, *one.interval);
    ++pictures_told;
  }
  if (pictures == 0) return std::nullopt;
  Coverage coverage = coverage_of("all", std::span(&all, 1), promised);
  coverage.untold = static_cast<double>(pictures - pictures_told);
  if (coverage.untold > 0 && pictures_told > 0)
    coverage.told = coverage_of("those whose age is told", std::span(&told, 1), promised).all;
  return coverage;
}

const Covered* worst_decade(const Coverage& coverage) {
  const Covered* worst = nullptr;
  for (const Covered& decade : coverage.decades) {
    if (decade.pictures < kFewest) continue;
    if (worst == nullptr || decade.share < worst->share) worst = &decade;
  }
  return worst;
}

void add(CalibrationSet& set, const std::string& store, std::vector<Prediction> predictions) {
  std::set<std::string> names;
  for (const Prediction& one : predictions) names.insert(one.face.source);
  std::size_t first = set.source_names.size();
  for (const std::string& name : names)
    set.source_names.push_back(names.size() < 2 ? store : fmt::format("{}: {}", store, name));
  for (Prediction& one : predictions) {
    auto place = std::distance(names.begin(), names.find(one.face.source));
    set.sources.push_back(first + static_cast<std::size_t>(place));
    set.predictions.push_back(std::move(one));
  }
}

estimate::Intervals calibrate(const CalibrationSet& set, double coverage) {
  Half all;
  for (std::size_t i = 0; i < set.predictions.size(); ++i) all.push_back(i);
  return calibrate_on(set, all, coverage);
}

CoverageStudy study_coverage(const CalibrationSet& set, double coverage, int splits) {
  std::vector<std::vector<std::size_t>> groups = groups_of(set.predictions);
  std::vector<Decades> sums(set.source_names.size());
  std::vector<ReliabilityOfHalves> sources_at_least(set.source_names.size());
  ReliabilityOfHalves at_least;
  std::vector<double> shares;
  for (int split = 0; split < splits; ++split) {
    std::array<Half, 2> halves = halves_of(groups, split);
    for (std::size_t i = 0; i < 2; ++i) {
      estimate::Intervals intervals = calibrate_on(set, halves[i], coverage);
      std::vector<Measured> measures = measured(set, halves[1 - i], intervals);
      std::vector<Decades> found;
      for (std::size_t source = 0; source < measures.size(); ++source) {
        found.push_back(measures[source].decades);
        for (std::size_t decade = 0; decade < estimate::kDecades; ++decade)
          sums[source][decade] = sums[source][decade] + found[source][decade];
        sources_at_least[source].add(measures[source].at_least);
      }
      shares.push_back(coverage_of("all", found, coverage).all.share);
      at_least.add(together(measures));
    }
  }
  for (Decades& source : sums) {  // each split measures each picture once
    for (Sums& decade : source) decade = {decade.pictures / splits, decade.inside / splits, decade.width / splits};
  }
  CoverageStudy study{splits};
  spread_of(shares, study);
  study.all = coverage_of("all", sums, coverage);
  study.reliability = at_least.reliability(splits);
  for (std::size_t source = 0; source < sums.size(); ++source) {
    study.sources.push_back(coverage_of(set.source_names[source], std::span(&sums[source], 1), coverage));
    study.sources_reliability.push_back(sources_at_least[source].reliability(splits));
  }
  return study;
}

}  // namespace agewise::evaluate
