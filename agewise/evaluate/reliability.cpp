#include "agewise/evaluate/reliability.h"

#include <algorithm>
#include <cmath>

namespace agewise::evaluate {
namespace {

std::size_t bin_of(double told) {
  return std::min(static_cast<std::size_t>(told * kReliabilityBins), kReliabilityBins - 1);
}

// Of each sigmoid's N among kThresholds; empty where one is not there, as a model of another version may have them.
std::vector<std::size_t> places_of(std::span<const estimate::Sigmoid> sigmoids) {
  std::vector<std::size_t> places;
  for (const estimate::Sigmoid& sigmoid : sigmoids) {
    const auto* place = std::ranges::find(estimate::kThresholds, sigmoid.years);
    if (place == estimate::kThresholds.end()) return {};
    places.push_back(static_cast<std::size_t>(place - estimate::kThresholds.begin()));
  }
  return places;
}

}  // namespace

std::vector<double> shares_older(const Prediction& one) {
  if (one.face.age_range) return one.range_shares;
  std::vector<double> shares;
  for (int years : estimate::kThresholds) shares.push_back(one.face.age >= years ? 1 : 0);
  return shares;
}

void ReliabilitySums::add(const Prediction& prediction, std::span<const estimate::Sigmoid> sigmoids) {
  if (prediction.shares.empty() || std::isnan(prediction.estimate)) return;
  std::vector<std::size_t> places = places_of(sigmoids);
  if (places.empty()) return;
  std::vector<double> shares, older = shares_older(prediction);
  for (std::size_t place : places) shares.push_back(prediction.shares[place]);
  std::vector<double> told = estimate::probabilities_at_least(sigmoids, shares);
  for (std::size_t i = 0; i < places.size(); ++i) {
    Bin& bin = bins_[places[i]][bin_of(told[i])];
    bin = {bin.pictures + 1, bin.weight + 1, bin.told + told[i], bin.older + older[places[i]]};
  }
}

void ReliabilitySums::add(const ReliabilitySums& other, double weight) {
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    for (std::size_t b = 0; b < kReliabilityBins; ++b) {
      Bin& bin = bins_[i][b];
      const Bin& more = other.bins_[i][b];
      bin = {bin.pictures + more.pictures, bin.weight + weight * more.weight, bin.told + weight * more.told,
             bin.older + weight * more.older};
    }
  }
}

ReliabilityBin ReliabilitySums::mean_of(const Bin& sums) {
  if (sums.weight == 0) return {};
  return {sums.pictures, sums.told / sums.weight, sums.older / sums.weight};
}

std::vector<Reliability> ReliabilitySums::reliability() const {
  std::vector<Reliability> all;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    Reliability one{estimate::kThresholds[i]};
    Bin sum;
    for (std::size_t b = 0; b < kReliabilityBins; ++b) {
      const Bin& bin = bins_[i][b];
      one.bins[b] = mean_of(bin);
      one.error += std::abs(bin.told - bin.older);
      sum = {sum.pictures + bin.pictures, sum.weight + bin.weight, sum.told + bin.told, sum.older + bin.older};
    }
    if (sum.weight == 0) continue;
    one.error /= sum.weight;
    one.all = mean_of(sum);
    all.push_back(one);
  }
  return all;
}

void ReliabilityOfHalves::add(const ReliabilitySums& half) {
  sums_.add(half, 1);
  for (const Reliability& one : half.reliability()) {
    Errors& errors = errors_[one.years];
    errors = {errors.sum + one.error, errors.halves + 1};
  }
}

std::vector<Reliability> ReliabilityOfHalves::reliability(int splits) const {
  std::vector<Reliability> all = sums_.reliability();
  for (Reliability& one : all) {
    const Errors& errors = errors_.at(one.years);
    one.error = errors.sum / errors.halves;
    one.all.pictures /= splits;
    for (ReliabilityBin& bin : one.bins) bin.pictures /= splits;
  }
  return all;
}

std::vector<Reliability> reliability_of(std::span<const Prediction> predictions,
                                        std::span<const estimate::Sigmoid> sigmoids) {
  ReliabilitySums sums;
  for (const Prediction& one : predictions) {
    if (one.interval) sums.add(one, sigmoids);
  }
  return sums.reliability();
}

const Reliability& least_reliable(std::span<const Reliability> all) {
  return *std::ranges::max_element(all, {}, &Reliability::error);
}

}  // namespace agewise::evaluate
