// Many pictures to ages: read by several threads (face/read_many.h), while the network takes faces of several pictures
// at once.
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/estimate/estimator.h"
#include "agewise/face/read_many.h"

namespace agewise::estimate {

// The batch for many pictures: always the same, so that what a face gets depends on no other.
inline constexpr int kFacesAtOnce = 16;

// Puts the first `count` faces of `pictures` that have no estimate yet through the network in one call. Of each picture
// `estimates` are those of its first faces, left() says how many lack one, and image_of(picture, i) gives face i.
template <class Pictures, class ImageOf>
void estimate_first(Estimator& estimator, Pictures& pictures, std::size_t count, ImageOf image_of) {
  std::vector<image::Image> faces;
  for (auto& picture : pictures) {
    std::size_t first = picture.estimates.size(), end = first + std::min(picture.left(), count - faces.size());
    for (std::size_t i = first; i < end; ++i) faces.push_back(image_of(picture, i));
  }
  std::vector<Estimate> estimates = estimator.estimate(faces);
  auto next = std::make_move_iterator(estimates.begin()), end = std::make_move_iterator(estimates.end());
  for (auto& picture : pictures) {
    auto own = std::min(static_cast<std::ptrdiff_t>(picture.left()), end - next);
    picture.estimates.insert(picture.estimates.end(), next, next + own);
    next += own;
  }
}

// One picture and the estimates of its faces, one each; none where it could not be read.
using PictureDone = std::function<void(const face::ReadPicture&, const std::vector<Estimate>&)>;

// Calls `done` for each picture in order, from the calling thread. The network always computes whole batches of the
// estimator's size, across pictures, but for the last faces: what a face gets does not depend on its neighbours, nor on
// the number of readers. Stops early, after the picture in hand, once `stop` is set. Throws what reading, estimating
// and `done` throw.
void estimate_pictures(std::span<face::FaceReader> readers, face::NextFile next, const face::ReadManyOptions& options,
                       Estimator& estimator, const PictureDone& done, const base::StopFlag& stop);

}  // namespace agewise::estimate
