#include "agewise/evaluate/reliability.h"

#include <algorithm>
#include <cmath>

namespace agewise::evaluate {
namespace {

void add(const ReliabilityBin& other, double weight, ReliabilityBin& sums) {
  sums.pictures += weight * other.pictures;
  sums.told += weight * other.told;
  sums.older += weight * other.older;
}

ReliabilityBin mean_of(const ReliabilityBin& sums) {
  if (sums.pictures == 0) return {};
  return {sums.pictures, sums.told / sums.pictures, sums.older / sums.pictures};
}

Reliability reliability_of(int age, std::span<const ReliabilityBin> sums) {
  Reliability reliability{age};
  ReliabilityBin all;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    reliability.bins[i] = mean_of(sums[i]);
    reliability.error += std::abs(sums[i].told - sums[i].older);
    add(sums[i], 1, all);
  }
  if (all.pictures > 0) reliability.error /= all.pictures;
  reliability.all = mean_of(all);
  return reliability;
}

std::size_t bin_of(double told) {
  return std::min(static_cast<std::size_t>(told * kReliabilityBins), kReliabilityBins - 1);
}

}  // namespace

void add(const Prediction& prediction, std::span<const estimate::Sigmoid> sigmoids, ReliabilitySums& sums) {
  if (prediction.shares.empty() || std::isnan(prediction.estimate)) return;
  std::vector<double> ages = known_ages(prediction);
  for (std::size_t i = 0; i < estimate::kThresholds.size(); ++i) {
    int threshold = estimate::kThresholds[i];
    auto sigmoid = std::ranges::find(sigmoids, threshold, &estimate::Sigmoid::age);
    if (sigmoid == sigmoids.end()) continue;
    double told = estimate::probability_at_least(*sigmoid, prediction.shares[i]);
    auto older = std::ranges::count_if(ages, [&](double age) { return age >= threshold; });
    double share = static_cast<double>(older) / static_cast<double>(ages.size());
    add({1, told, share}, 1, sums[i][bin_of(told)]);
  }
}

void add(const ReliabilitySums& other, double weight, ReliabilitySums& sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    for (std::size_t bin = 0; bin < kReliabilityBins; ++bin) add(other[i][bin], weight, sums[i][bin]);
  }
}

std::vector<Reliability> reliability_of(const ReliabilitySums& sums) {
  std::vector<Reliability> all;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    Reliability reliability = reliability_of(estimate::kThresholds[i], sums[i]);
    if (reliability.all.pictures > 0) all.push_back(reliability);
  }
  return all;
}

std::vector<Reliability> reliability_of(std::span<const Prediction> predictions,
                                        std::span<const estimate::Sigmoid> sigmoids) {
  ReliabilitySums sums{};
  for (const Prediction& one : predictions) add(one, sigmoids, sums);
  return reliability_of(sums);
}

const Reliability& least_reliable(std::span<const Reliability> all) {
  return *std::ranges::max_element(all, {}, &Reliability::error);
}

}  // namespace agewise::evaluate
