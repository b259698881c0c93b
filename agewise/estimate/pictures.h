// Many pictures to ages: read by several threads (face/read_many.h), while the network takes faces of several pictures
// at once.
#pragma once
#include <functional>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/estimate/estimator.h"
#include "agewise/face/read_many.h"

namespace agewise::estimate {

// The batch for many pictures: always the same, so that what a face gets depends on no other.
inline constexpr int kFacesAtOnce = 16;

// One picture and the estimates of its faces, one each; none where it could not be read.
using PictureDone = std::function<void(const face::ReadPicture&, const std::vector<Estimate>&)>;

// Calls `done` for each picture in order, from the calling thread. The network always computes whole batches of the
// estimator's size, across pictures, but for the last faces: what a face gets does not depend on its neighbours, nor on
// the number of readers. Stops early, after the picture in hand, once `stop` is set. Throws what reading, estimating
// and `done` throw.
void estimate_pictures(std::span<face::FaceReader> readers, face::NextFile next, const face::ReadManyOptions& options,
                       Estimator& estimator, const PictureDone& done, const base::StopFlag& stop);

}  // namespace agewise::estimate
