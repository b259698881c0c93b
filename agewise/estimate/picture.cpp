#include "agewise/estimate/picture.h"

#include "agewise/estimate/estimator.h"
#include "agewise/face/quality.h"

namespace agewise {

FaceReader::FaceReader(const FaceRecipe& recipe, std::uint64_t max_pixels)
    : recipe_(recipe), max_pixels_(max_pixels), detector_(recipe.detect ? make_detector(recipe.detector) : nullptr) {}

PictureFaces FaceReader::read(std::span<const std::byte> file) {
  DecodeOptions options{recipe_.colour == Colour::grey, detector_ ? 0 : recipe_.size, max_pixels_};
  Decoded decoded = decode(file, options);
  PictureFaces faces{decoded.info, {}, {}, std::move(decoded.problem)};
  if (!decoded.image) return faces;
  if (detector_) {
    Image picture = recipe_.colour == Colour::rgb ? to_rgb(std::move(*decoded.image)) : std::move(*decoded.image);
    faces.cuts = cut_detected(picture, recipe_, *detector_, /*everyone=*/true);
  } else {
    faces.cuts.push_back({prepared_face(recipe_, *decoded.image), std::nullopt, 0});
  }
  for (const FaceCut& cut : faces.cuts) faces.refusals.push_back(refusal_of(cut, recipe_.margin));
  return faces;
}

}  // namespace agewise
