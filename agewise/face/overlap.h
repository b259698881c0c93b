// Which of several finds are of the same face.
#pragma once
#include <algorithm>
#include <vector>

#include "agewise/image/image.h"

namespace agewise::face {

// Pixels that lie in both boxes, as if they were upright.
double shared_area(const image::Box& a, const image::Box& b);

// Of two boxes: intersection over union. Turned ones count as upright: it matters only whether they are of the same
// face.
double overlap(const image::Box& a, const image::Box& b);
inline constexpr double kSameFace = 0.3;  // from this overlap on

// Of anything with a box and a score: strongest first, those that do not overlap a stronger one by more than `most`,
// at most `limit`.
template <class Found>
std::vector<Found> without_doubles(std::vector<Found> all, double most = kSameFace, std::size_t limit = 100'000) {
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.score > b.score; });
  std::vector<Found> kept;
  for (const Found& one : all) {
    if (kept.size() == limit) break;
    bool again =
        std::any_of(kept.begin(), kept.end(), [&](const Found& other) { return overlap(one.box, other.box) > most; });
    if (!again) kept.push_back(one);
  }
  return kept;
}

}  // namespace agewise::face
