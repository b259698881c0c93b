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

// Throws UsageError if the model was not calibrated to tell how probable it is that somebody is `years` or older, or
// for other ages only.
void check_at_least(const Model& model, int years);

// Years, pixels and degrees to the thousandth, probabilities to the millionth: digits beyond mean nothing. Of a refused
// face (PictureFaces::refusals), or where its age is not told (reason_of()), the place and the reason alone, and where
// an interval that is too wide is the reason, that and `at_least`. `at_least`: years that check_at_least() has passed;
// 0: not asked for.
Face face_of(const Model& model, const face::FaceCut& cut, const std::string& refusal, const Estimate& estimate,
             int at_least = 0);

// One a class, to the millionth.
std::vector<double> distribution_of(const Estimate& estimate);

}  // namespace agewise::estimate
