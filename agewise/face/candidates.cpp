#include "agewise/face/candidates.h"

#include <algorithm>

#include "agewise/face/overlap.h"

namespace agewise::face {

std::vector<Candidate> strongest_candidates(std::vector<Candidate> all) {
  auto weak =
      std::partition(all.begin(), all.end(), [](const Candidate& one) { return one.score >= kStrongCandidate; });
  std::vector<Candidate> strong(all.begin(), weak);
  strong = without_doubles(std::move(strong), kSamePlace, kMostStrongCandidates);
  if (strong.size() >= kMostCandidates) return strong;
  strong.insert(strong.end(), weak, all.end());
  return without_doubles(std::move(strong), kSamePlace, kMostCandidates);
}

std::vector<Candidate> candidates_in(const image::Image& picture, YunetNetwork& network, double least_score) {
  return strongest_candidates(network.look_at(picture, least_score));
}

}  // namespace agewise::face
