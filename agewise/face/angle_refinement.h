// The second, fine half of the search for a face at all angles (angle_search.h).
#pragma once
#include "agewise/face/face.h"
#include "agewise/face/upright_detector.h"

namespace agewise::face {

// `found`, in pixels of `picture`, by the detector's own box, turned on by 5° at a time to whichever side makes its
// score as an upright face rise, at most by 20°; only it and its surroundings are looked at. Keeps the higher score of
// both looks. Comes back as it was where it is no face to the closer look.
Face turned_to_best(const image::Image& picture, const Face& found, UprightDetector& detector);

}  // namespace agewise::face
