// The second, fine half of the search for a face (find.h).
#pragma once
#include <algorithm>
#include <vector>

#include "agewise/face/detector.h"
#include "agewise/face/face.h"

namespace agewise::face {

// `found`, in pixels of `picture`, by the detector's own box, turned on by 5° at a time to whichever side makes its
// score as an upright face rise, at most by 20°; only it and its surroundings are looked at. Keeps the higher score of
// both looks. Comes back as it was where it is no face to the closer look.
Face turned_to_best(const image::Image& picture, const Face& found, Detector& detector);

// Of two boxes: intersection over union. Turned ones count as upright: it matters only whether they are of the same
// face.
double overlap(const image::Box& a, const image::Box& b);
inline constexpr double kSameFace = 0.3;  // from this overlap on

// Of Faces or Detections, strongest first: those that are not the same face as a stronger one.
template <class Found>
std::vector<Found> without_doubles(std::vector<Found> all) {
  std::stable_sort(all.begin(), all.end(), [](const Found& a, const Found& b) { return a.score > b.score; });
  std::vector<Found> kept;
  for (const Found& one : all) {
    bool again = std::any_of(kept.begin(), kept.end(),
                             [&](const Found& other) { return overlap(one.box, other.box) > kSameFace; });
    if (!again) kept.push_back(one);
  }
  return kept;
}

}  // namespace agewise::face
