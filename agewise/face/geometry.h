// From the points of a face to the place that is cut out.
#pragma once
#include "agewise/face/face.h"

namespace agewise::face {

// Degrees, clockwise: the turn that brings an upright face's points nearest to these (least squares: Kabsch, 1976). Of
// a face seen from the side, whose eyes nearly coincide, the line from the eyes to the mouth decides.
double angle_of(const Landmarks& points);

// The root of the summed squared distances of the points from their mean: a measure of size that is the same however
// the face is turned.
double spread_of(const Landmarks& points);

// The square that dlib's HOG detector, which is taken for DEX's (hog.cpp), would give the face, by a linear map that
// was fitted on UTKFace's training part (docs/faces.md): upright, to be turned about its middle by the face's angle.
// `own` is YuNet's box of the face when it stands upright.
image::Box box_of(const Landmarks& points, const image::Box& own);

}  // namespace agewise::face
