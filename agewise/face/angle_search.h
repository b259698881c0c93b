// Finding faces turned by any angle with a detector of upright ones: the picture is looked at turned (after Rothe et
// al., ICCVW 2015, §3.1).
#pragma once
#include <memory>
#include <span>

#include "agewise/face/detector.h"
#include "agewise/face/upright_detector.h"

namespace agewise::face {

// DEX's 28, degrees: -60 … 60 by 5, -90, 90, 180; 0 is the first.
std::span<const double> dex_angles();

// Finds faces whose score is at least the detector's threshold, so:
//
// 1. The picture is made so small that its longer side has kWorkingSide pixels, and repeats its border for a little way
//    around it; it is looked at at 0°. With `upright` this is all, with `coarse_to_fine` if a strong face is found
//    (UprightDetector::strong_score), and whatever is said if the detector would not know whether the face stands
//    upright: its finds are turned upright by 5° at a time as below.
// 2. Else at other angles too. `coarse_to_fine`: ±75 and ±145, since faces that lean by up to 45° are seen at each;
//    every find is then turned by 5° at a time, as long as its score as an upright face rises, only it and its
//    surroundings being looked at (finds of step 1 too, before they are called strong). `all`: DEX's other 27, for
//    upright faces only.
// 3. If nothing is found by then, or `everyone` is wanted: the same with the picture enlarged to twice that size,
// unless
//    the detector sees all sizes at one glance. So HOG finds faces whose width is 1/14 of the longer side, or 44 pixels
//    in a picture smaller than kWorkingSide.
//
// The cost is bounded whatever the picture's size: docs/faces.md has figures. The strongest of `everyone` may be
// another than that of a search for one: a strong small face beside a weak large one.
std::unique_ptr<Detector> make_turning_detector(std::unique_ptr<UprightDetector> detector);

}  // namespace agewise::face
