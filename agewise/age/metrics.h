// How wrong estimates are (facts: ChaLearn LAP's official scorer; DEX, Rothe et al. 2015, §4.1).
#pragma once
#include <span>

namespace agewise::age {

// All: estimates and truth in years, of equal size ≥ 1. A NaN estimate is a missing one.
double mean_absolute_error(std::span<const double> estimate, std::span<const double> truth);  // of those not missing
double mean_signed_error(std::span<const double> estimate, std::span<const double> truth);    // estimate - truth
double cumulative_score(std::span<const double> estimate, std::span<const double> truth,
                        double k);  // % with |error| ≤ k; missing: no hit
// Mean of 1 - exp(-(x-μ)²/2σ²). σ = 0: 0 if exact, else 1. A missing estimate scores 1.
double epsilon_error(std::span<const double> estimate, std::span<const double> mean, std::span<const double> sigma);

}  // namespace agewise::age
