// How probable it is that somebody is N years or older. The share of the model's distribution from N on is a
// probability only where training and use are alike; on pictures that the network was not trained on, a sigmoid of its
// logit is fitted for each of some ages N (Platt, "Probabilistic Outputs for Support Vector Machines", Advances in
// Large Margin Classifiers, 1999, with the targets of its section 2.2).
#pragma once
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "agewise/age/classes.h"

namespace agewise::estimate {

// The ages N that are measured, years.
inline constexpr std::array<int, 20> kThresholds{5,  10, 13, 16, 18, 20, 21, 25, 30, 35,
                                                 40, 45, 50, 55, 60, 65, 70, 75, 80, 85};

// Of `age` or older with the probability 1 / (1 + exp(-(offset + slope · logit(share from `age` on)))), slope > 0.
struct Sigmoid {
  int age;
  double offset, slope;
};

// The shares of the distribution from each of kThresholds on, 0 … 1.
std::vector<double> shares_from(const age::Classes& classes, std::span<const float> distribution);

// A picture to fit to.
struct KnownSide {
  double share;   // of its distribution from the age on
  double older;   // 1: the person is of this age or older; 0: younger; between: as probable as that
  double weight;  // above 0
};

// Nothing where fewer than kFewestOnASide are older or younger, or the shares do not tell them apart (slope ≤ 0).
inline constexpr double kFewestOnASide = 20;
std::optional<Sigmoid> fit_sigmoid(int age, std::span<const KnownSide> pictures);

// By the sigmoid of an age and the share of the distribution from that age on.
double probability_at_least(const Sigmoid& sigmoid, double share);

// For `years` from the first sigmoid's age to the last's (they ascend; at least one): offset and slope lie between
// those of the neighbours, and it is never more probable than for fewer years.
double probability_at_least(std::span<const Sigmoid> sigmoids, const age::Classes& classes,
                            std::span<const float> distribution, int years);

}  // namespace agewise::estimate
