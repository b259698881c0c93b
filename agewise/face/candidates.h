// The places of a picture that may be a face at any angle: the first step of the search (any_angle.h).
#pragma once
#include <vector>

#include "agewise/face/yunet_network.h"

namespace agewise::face {

// From this score on a place may be a face, however it is turned.
inline constexpr double kLeastCandidate = 0.02;
// At most so many, the strongest.
inline constexpr std::size_t kMostCandidates = 64;
// Two candidates that overlap more (intersection over union) are the same place: the stronger one is kept.
inline constexpr double kSamePlace = 0.5;

// Strongest first. `picture` has the size at which it is looked at: its longer side at most kWorkingSide (find.h).
std::vector<Candidate> candidates_in(const image::Image& picture, YunetNetwork& network,
                                     double least_score = kLeastCandidate);

}  // namespace agewise::face
