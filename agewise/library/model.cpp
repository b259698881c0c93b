#include "agewise/library/model.h"

#include <fmt/format.h>

#include "agewise/base/error.h"
#include "agewise/face/spec.h"
#include "agewise/library/surroundings.h"
#include "agewise/train/run_folder.h"

namespace agewise::library {

std::string apply(const Detection& detection, estimate::Model& model) {
  recipe::Recipe& recipe = model.recipe;
  face::FaceSpec trained = face::spec_of(recipe);
  recipe::FaceRecipe& face = recipe.face;
  // HOG is slow and misses faces; what it costs to take YuNet's instead is in the table of stand-ins (face/spec.cpp).
  if (face.detector == "hog") face.detector = "yunet";
  if (!detection.detector.empty()) face.detector = detection.detector;
  if (detection.crops) face.crop = face.detect = false;
  bool looks = detection.detect || !detection.detector.empty();
  if (looks && !face.crop) face.detect = true;
  face::Fit fit = face::fits(trained, face::spec_of(recipe), face::Use::predict);
  if (fit) return "";
  model.intervals.reset();
  return fmt::format(
      "the faces are not cut out like those that the model was trained on ({}): the error on its card does not hold "
      "for them, and no intervals are given",
      face::text_of(fit.differences));
}

std::filesystem::path model_file(const std::string& model) {
  return train::model_file_of(model.empty() ? bundled_model(kDefaultModel) : named_model(model));
}

OpenedModel open_model(const std::string& model, const Detection& detection) {
  if (detection.crops && (detection.detect || !detection.detector.empty()))
    throw base::UsageError("face detection (--detect, --detector) cannot be combined with ready crops (--crops)");
  OpenedModel opened{model_file(model), {}, {}};
  opened.model = estimate::read_model(opened.file);
  opened.warning = apply(detection, opened.model);
  return opened;
}

}  // namespace agewise::library
