#include "agewise/face/detector.h"

#include "agewise/face/angle_search.h"
#include "agewise/face/any_angle.h"

namespace agewise::face {

std::unique_ptr<Detector> make_detector(const std::string& name_or_file) {
  if (name_or_file == "yunet") return make_any_angle_detector();
  return make_turning_detector(name_or_file == "hog" ? make_hog_detector() : make_yunet_detector(name_or_file));
}

}  // namespace agewise::face
