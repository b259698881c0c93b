// Whether "so many years or older" is as probable as it is told, for pictures of known age.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "agewise/estimate/at_least.h"
#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

// Of each of estimate::kThresholds, in bins of the probability that was told: sums, not means.
using ReliabilitySums = std::array<std::array<ReliabilityBin, kReliabilityBins>, estimate::kThresholds.size()>;

// A picture, for those thresholds that there are sigmoids for; nothing if it has no shares. A person whose age is known
// only as a range is as probably older as range_ages say.
void add(const Prediction& prediction, std::span<const estimate::Sigmoid> sigmoids, ReliabilitySums& sums);
// Of other pictures, each counting `weight` times.
void add(const ReliabilitySums& other, double weight, ReliabilitySums& sums);

// Of the thresholds that pictures were added for.
std::vector<Reliability> reliability_of(const ReliabilitySums& sums);
std::vector<Reliability> reliability_of(std::span<const Prediction> predictions,
                                        std::span<const estimate::Sigmoid> sigmoids);

// That with the largest error; `all` may not be empty.
const Reliability& least_reliable(std::span<const Reliability> all);

}  // namespace agewise::evaluate
