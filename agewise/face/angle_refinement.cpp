#include "agewise/face/angle_refinement.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "agewise/face/overlap.h"
#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

constexpr double kStep = 5, kFarthest = 20;  // degrees
constexpr double kFace = 1.2;  // width of a face in the patch, in that of the smallest that the detector finds
constexpr double kView = 2;    // width of what is seen, in that of the smallest face

// A picture around a face at the middle, scaled so that the face has a size that the detector likes.
class FacePatch {
 public:
  FacePatch(const image::Image& picture, const Face& found, UprightDetector& detector)
      : found_(found),
        detector_(detector),
        scale_(kFace * detector.smallest_face() / (found.box.right - found.box.left)),
        view_(static_cast<int>(std::lround(kView * detector.smallest_face()))) {
    side_ = static_cast<int>(std::ceil(view_ * std::sqrt(2.0)));  // holds the view however it is turned
    double reach = side_ / scale_ / 2;
    Point at = middle(found.box);
    image_ = image::cut_out(picture, {at.x - reach, at.y - reach, at.x + reach, at.y + reach}, side_, side_);
  }

  // The same face seen at another angle, if it is still one.
  std::optional<Face> at(double angle) {
    Turn back = turn_about({view_ / 2.0, view_ / 2.0}, angle, {side_ / 2.0, side_ / 2.0});
    double least = detector_.threshold() - detector_.score_slack();
    for (const Detection& one : detector_.upright_faces(turned(image_, back, view_, view_), least)) {
      Face face{in_picture(one.box, back), angle, one.score};
      if (overlap(face.box, found_.box) > kSameFace) return face;
    }
    return std::nullopt;
  }

 private:
  image::Box in_picture(const image::Box& box, const Turn& back) const {
    Point here = back(middle(box)), centre = middle(found_.box);
    double x = centre.x + (here.x - side_ / 2.0) / scale_, y = centre.y + (here.y - side_ / 2.0) / scale_;
    double half_width = (box.right - box.left) / scale_ / 2, half_height = (box.bottom - box.top) / scale_ / 2;
    return {x - half_width, y - half_height, x + half_width, y + half_height};
  }

  const Face& found_;
  UprightDetector& detector_;
  double scale_;
  int view_, side_ = 0;  // pixels
  image::Image image_;
};

}  // namespace

Face turned_to_best(const image::Image& picture, const Face& found, UprightDetector& detector) {
  FacePatch patch(picture, found, detector);
  std::optional<Face> start = patch.at(found.angle);
  if (!start) return found;
  Face best = *start;
  for (double step : {kStep, -kStep}) {
    for (double turn = step; std::abs(turn) <= kFarthest; turn += step) {
      std::optional<Face> next = patch.at(found.angle + turn);
      if (!next || next->score <= best.score) break;
      best = *next;
    }
    if (best.angle != found.angle) break;  // uphill on one side is downhill on the other
  }
  best.score = std::max(best.score, found.score);
  return best;
}

}  // namespace agewise::face
