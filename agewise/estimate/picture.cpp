#include "agewise/estimate/picture.h"

#include "agewise/estimate/estimator.h"
#include "agewise/face/quality.h"

namespace agewise::estimate {

FaceReader::FaceReader(const recipe::FaceRecipe& recipe, std::uint64_t max_pixels)
    : recipe_(recipe),
      max_pixels_(max_pixels),
      detector_(recipe.detect ? face::make_detector(recipe.detector) : nullptr) {}

PictureFaces FaceReader::read(std::span<const std::byte> file) {
  image::DecodeOptions options{recipe_.colour == recipe::Colour::grey, detector_ ? 0 : recipe_.size, max_pixels_};
  image::Decoded decoded = image::decode(file, options);
  PictureFaces faces{decoded.info, {}, {}, std::move(decoded.problem)};
  if (!decoded.image) return faces;
  if (detector_) {
    image::Image picture =
        recipe_.colour == recipe::Colour::rgb ? image::to_rgb(std::move(*decoded.image)) : std::move(*decoded.image);
    faces.cuts = face::cut_detected(picture, recipe_, *detector_, /*everyone=*/true);
  } else {
    faces.cuts.push_back({prepared_face(recipe_, *decoded.image), std::nullopt, 0});
  }
  for (const face::FaceCut& cut : faces.cuts) faces.refusals.push_back(face::refusal_of(cut, recipe_.margin));
  return faces;
}

}  // namespace agewise::estimate
