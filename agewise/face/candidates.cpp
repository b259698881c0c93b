#include "agewise/face/candidates.h"

#include <algorithm>

#include "agewise/face/close_up.h"

namespace agewise::face {

std::vector<Candidate> candidates_in(const image::Image& picture, YunetNetwork& network, double least_score) {
  std::vector<Candidate> all = network.look_at(picture, least_score);
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  std::vector<Candidate> kept;
  for (const Candidate& one : all) {
    if (kept.size() == kMostCandidates) break;
    bool again = std::any_of(kept.begin(), kept.end(),
                             [&](const Candidate& other) { return overlap(one.box, other.box) > kSamePlace; });
    if (!again) kept.push_back(one);
  }
  return kept;
}

}  // namespace agewise::face
