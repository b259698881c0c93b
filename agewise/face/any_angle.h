// The bundled detector: faces at any angle in one look at the picture, after PCN (Shi et al., "Real-Time
// Rotation-Invariant Face Detection with Progressive Calibration Networks", CVPR 2018).
#pragma once
#include <memory>

#include "agewise/face/detector.h"

namespace agewise::face {

// Finds faces so:
//
// 1. The picture, made so small that its longer side has kWorkingSide pixels, and a third of that, is shown to YuNet's
//    network as it is: every place that may be a face is a candidate (candidates.h), also of faces that are turned,
//    whose scores and points say little.
// 2. A small network (angle_network.h) tells of each candidate's surroundings whether it is a face and how it is
//    turned. With Rotations::upright this is left out: faces lean by at most kMostLean, and are
//    taken as they stand, not turned.
// 3. What may be a face is shown to YuNet's network again, turned upright and always equally large in kViewPixels², out
//    of the picture itself: that gives points, angle and score, the same ones however the picture is turned and scaled.
//    What both networks together are sure enough of is a face: YuNet's score must be at least kLeastFaceScore, of faces
//    that are turned by more than kMostLean, or about whose angle the networks differ, kLeastTurnedScore. The box is
//    made from the points (box_of() in geometry.h).
//
// A grainy picture (a scan of an old print, a noisy one) in which that finds nothing is blurred and searched once
// more, at kWorkingSide at most. A face that is found then needs a score of kLeastTurnedScore and leans by at most
// kMostLean.
//
// Faces from about 12 pixels at kWorkingSide up to the whole picture are found. The time is bounded: candidates
// (candidates.h), and views, of which candidates that are not strong get kMostWeakViews.
std::unique_ptr<Detector> make_any_angle_detector();

inline constexpr double kLeastFaceScore = 0.6, kLeastTurnedScore = 0.75;
inline constexpr double kMostLean = 45;  // degrees
inline constexpr int kViewPixels = 128;
inline constexpr int kMostWeakViews = 48;

}  // namespace agewise::face
