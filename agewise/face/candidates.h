// The places of a picture that may be a face at any angle: the first step of the search (any_angle.h).
#pragma once
#include <vector>

#include "agewise/face/yunet_network.h"

namespace agewise::face {

// From this score on a place may be a face, however it is turned.
inline constexpr double kLeastCandidate = 0.02;
// At most so many, the strongest; those of kStrongCandidate or more up to kMostStrongCandidates.
inline constexpr std::size_t kMostCandidates = 64, kMostStrongCandidates = 500;
inline constexpr double kStrongCandidate = 0.6;
// Two candidates that overlap more (intersection over union) are the same place: the stronger one is kept.
inline constexpr double kSamePlace = 0.5;

// Without those that are the same place as a stronger one, and those beyond the limits; strongest first.
std::vector<Candidate> strongest_candidates(std::vector<Candidate> all);

// Of a picture, strongest first. It has the size at which it is looked at: its longer side at most kWorkingSide
// (detector.h).
std::vector<Candidate> candidates_in(const image::Image& picture, YunetNetwork& network,
                                     double least_score = kLeastCandidate);

}  // namespace agewise::face
