#include "agewise/estimate/interval.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "agewise/age/distribution.h"
#include "agewise/age/range.h"

namespace agewise::estimate {
namespace {

constexpr double kRounding = 1e-9;  // of sums of weights
constexpr double kDecade = 10;

// Decades `first` up to, but without, `last`.
struct Decades {
  std::size_t first, last;
};

bool holds(Decades decades, double age) { return decade_of(age) >= decades.first && decade_of(age) < decades.last; }

struct Score {
  double value, weight;
};

// The people of a group.
struct Sample {
  Decades decades;
  std::vector<Score> scores;
  double weight = 0, squares = 0;  // sums of the pictures' weights and of their squares, each by its share in the group

  double size() const { return squares > 0 ? weight * weight / squares : 0; }
};

double share_within(const Known& picture, Decades decades) {
  auto within = std::ranges::count_if(picture.ages, [&](double age) { return holds(decades, age); });
  return static_cast<double>(within) / static_cast<double>(picture.ages.size());
}

Sample sample_of(std::span<const Known> pictures, Decades decades, double coverage) {
  std::map<std::size_t, double> pictures_of;
  for (const Known& picture : pictures) pictures_of[picture.source] += share_within(picture, decades);
  Sample sample{decades, {}};
  for (const Known& picture : pictures) {
    double share = share_within(picture, decades);
    if (share == 0) continue;
    double weight = weight_in_group(pictures_of[picture.source], coverage);
    sample.weight += share * weight;
    sample.squares += share * weight * weight;
    for (double age : picture.ages) {
      if (holds(decades, age))
        sample.scores.push_back(
            {(age - picture.estimate) / picture.scale, weight / static_cast<double>(picture.ages.size())});
    }
  }
  return sample;
}

// The neighbour with which the i-th is to be one group.
std::size_t neighbour_of(const std::vector<Sample>& samples, std::size_t i) {
  if (i == 0) return 1;
  if (i + 1 == samples.size()) return i - 1;
  return samples[i - 1].size() < samples[i + 1].size() ? i - 1 : i + 1;
}

std::vector<Sample> samples_of(std::span<const Known> pictures, double coverage) {
  std::vector<Sample> samples;
  for (std::size_t decade = 0; decade < kDecades; ++decade)
    samples.push_back(sample_of(pictures, {decade, decade + 1}, coverage));
  while (true) {
    auto least = std::ranges::min_element(samples, {}, [](const Sample& sample) { return sample.size(); });
    if (least->size() >= pictures_needed(coverage) - kRounding) return samples;
    if (samples.size() == 1) throw std::invalid_argument("too few pictures to calibrate on");
    auto i = static_cast<std::size_t>(least - samples.begin());
    std::size_t first = std::min(i, neighbour_of(samples, i));
    Decades both{samples[first].decades.first, samples[first + 1].decades.last};
    samples[first] = sample_of(pictures, both, coverage);
    samples.erase(samples.begin() + static_cast<std::ptrdiff_t>(first) + 1);
  }
}

// The least score than which new ones are, with probability 1 - tail or more, not larger.
double bound(std::vector<Score> scores, const Sample& sample, double tail) {
  std::ranges::sort(scores, {}, &Score::value);
  double weight_of_new = sample.squares / sample.weight;
  double wanted = (1 - tail) * (sample.weight + weight_of_new) - kRounding * sample.weight, weight = 0;
  for (const Score& score : scores) {
    weight += score.weight;
    if (weight >= wanted) return score.value;
  }
  return scores.back().value;
}

AgeGroup group_of(const Sample& sample, double tail) {
  std::vector<Score> negative = sample.scores;
  for (Score& score : negative) score.value = -score.value;
  return {kDecade * static_cast<double>(sample.decades.first), std::min(0.0, -bound(negative, sample, tail)),
          std::max(0.0, bound(sample.scores, sample, tail))};
}

std::vector<Sigmoid> sigmoids_of(std::span<const Known> pictures) {
  std::map<std::size_t, double> pictures_of;
  for (const Known& picture : pictures) pictures_of[picture.source] += 1;
  std::vector<Sigmoid> sigmoids;
  for (std::size_t i = 0; i < kThresholds.size(); ++i) {
    std::vector<KnownSide> sides;
    for (const Known& picture : pictures) {
      if (picture.shares.empty()) continue;
      double weight = 1 / std::max(pictures_of[picture.source], kFewestOnASide);
      sides.push_back({picture.shares[i], picture.older[i], weight});
    }
    if (std::optional<Sigmoid> sigmoid = fit_sigmoid(kThresholds[i], sides)) sigmoids.push_back(*sigmoid);
  }
  return sigmoids;
}

AgeInterval interval_by_bands(const std::vector<IntervalBand>& bands, double estimate) {
  auto band = bands.begin();
  for (auto next = band; next != bands.end() && next->from <= estimate; ++next) band = next;
  return {std::max(0.0, estimate - band->below), std::max(0.0, estimate + band->above)};
}

}  // namespace

std::size_t decade_of(double age) {
  return static_cast<std::size_t>(std::clamp(std::floor(age / kDecade), 0.0, static_cast<double>(kDecades - 1)));
}

double scale_of(const age::Classes& classes, std::span<const float> distribution) {
  return kLeastScale + (age::quantile(classes, distribution, 0.9) - age::quantile(classes, distribution, 0.1)) / 2;
}

double pictures_needed(double coverage) { return std::ceil(2 / (1 - coverage) - kRounding); }

double weight_in_group(double pictures, double coverage) { return 1 / std::max(pictures, pictures_needed(coverage)); }

Intervals calibrate(std::span<const Known> pictures, double coverage) {
  if (!(coverage > 0 && coverage < 1)) throw std::invalid_argument("calibrate: wrong coverage");
  Intervals intervals{coverage};
  for (const Sample& sample : samples_of(pictures, coverage))
    intervals.groups.push_back(group_of(sample, (1 - coverage) / 2));
  intervals.at_least = sigmoids_of(pictures);
  return intervals;
}

bool is_too_wide(const AgeInterval& interval, double widest) {
  return widest > 0 && interval.high - interval.low > widest;
}

AgeInterval interval_of(const Intervals& intervals, double estimate, double scale) {
  if (!intervals.bands.empty()) return interval_by_bands(intervals.bands, estimate);
  AgeInterval interval{estimate, estimate};
  for (auto group = intervals.groups.begin(); group != intervals.groups.end(); ++group) {
    auto next = group + 1;
    double end = next == intervals.groups.end() ? age::kOldest : next->from;
    double low = std::max(group->from, estimate + group->low * scale);
    double high = std::min(end, estimate + group->high * scale);
    if (low > high) continue;
    interval = {std::min(interval.low, low), std::max(interval.high, high)};
  }
  return {std::max(0.0, interval.low), std::max(0.0, interval.high)};
}

}  // namespace agewise::estimate
