// What is told of a face: the same numbers by `predict`, by the service and by the library.
#pragma once
#include <string>
#include <vector>

#include "agewise/agewise.h"
#include "agewise/estimate/estimator.h"
#include "agewise/face/crop.h"

namespace agewise::estimate {

// The reason why a picture has no age.
inline const std::string kNoFace = "no face found";

// Why no age is told of a face: its refusal (PictureFaces::refusals), or else its estimate's reason. Empty: one is
// told.
std::string reason_of(const std::string& refusal, const Estimate& estimate);

// Years, pixels and degrees to the thousandth, probabilities to the millionth: digits beyond mean nothing. Of a refused
// face (PictureFaces::refusals), or where its age is not told (reason_of()), the place and the reason alone, and the
// interval where that is the reason.
Face face_of(const Model& model, const face::FaceCut& cut, const std::string& refusal, const Estimate& estimate);

// One a class, to the millionth.
std::vector<double> distribution_of(const Estimate& estimate);

}  // namespace agewise::estimate
