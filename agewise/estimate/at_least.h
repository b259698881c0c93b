// How probable it is that somebody is N years or older. The share of the model's distribution from N on is a
// probability only where training and use are alike; therefore a sigmoid of its logit is fitted, for each of some N, on
// pictures that the network was not trained on (Platt, "Probabilistic Outputs for Support Vector Machines", Advances in
// Large Margin Classifiers, 1999, with the targets of its section 2.2).
#pragma once
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/age/range.h"

namespace agewise::estimate {

// The N that are measured, years.
inline constexpr std::array<int, 20> kThresholds{5,  10, 13, 16, 18, 20, 21, 25, 30, 35,
                                                 40, 45, 50, 55, 60, 65, 70, 75, 80, 85};

// Shares are clamped to [kLeastShare, 1 - kLeastShare].
inline constexpr double kLeastShare = 1e-4;

// N years or older with the probability 1 / (1 + exp(-(offset + slope · logit(share from N on)))), slope > 0.
struct Sigmoid {
  int years;  // N
  double offset, slope;
};

// Ages are whole years: a class of the year N counts as N years, though it reaches from N - ½ to N + ½. The shares from
// each of kThresholds on, 0 … 1.
std::vector<double> shares_from(const age::Classes& classes, std::span<const float> distribution);

// The same for somebody who is known to be within `range`: the distribution is taken to be right there; where it gives
// the range less than age::kLeastWithin, the person is of the end that is nearest to its median.
std::vector<double> shares_within(const age::Classes& classes, std::span<const float> distribution,
                                  const age::Range& range);

// A picture to fit to.
struct KnownSide {
  double share;   // of its distribution from N on
  double older;   // 1: the person is N years or older; 0: younger; between: as probable as that
  double weight;  // above 0
};

// Nothing where fewer than kFewestOnASide are older or younger, or the shares do not tell them apart (slope ≤ 0, as
// where all are the same).
inline constexpr double kFewestOnASide = 20;
std::optional<Sigmoid> fit_sigmoid(int years, std::span<const KnownSide> pictures);

// By a sigmoid and the share from its N on.
double probability_at_least(const Sigmoid& sigmoid, double share);

// Of sigmoids of ascending N, at least one: for the N of each. `shares`: from these N on. Never more probable than for
// fewer years.
std::vector<double> probabilities_at_least(std::span<const Sigmoid> sigmoids, std::span<const double> shares);

// For `years` from the first sigmoid's N to the last's. Between two of them offset and slope lie between theirs, and
// the probability between those for them, never more than for fewer years.
double probability_at_least(std::span<const Sigmoid> sigmoids, const age::Classes& classes,
                            std::span<const float> distribution, int years);

}  // namespace agewise::estimate
