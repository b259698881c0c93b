// From the bytes of a picture file to the faces that a model wants to see: what `predict` and the service both do.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agewise/face/crop.h"
#include "agewise/face/detector.h"
#include "agewise/image/decode.h"
#include "agewise/recipe/recipe.h"

namespace agewise::estimate {

struct PictureFaces {
  image::PictureInfo info;
  std::vector<face::FaceCut> cuts;  // prepared faces: all that are found, strongest first, or the whole picture as one
  std::vector<std::string> refusals;  // one a cut: why no age is told of it (face/quality.h); mostly empty
  std::string problem;                // why the picture could not be read, in a few words; empty if it could
};

// Not for several threads at once: one each.
class FaceReader {
 public:
  // Pictures of more than `max_pixels` in memory are a problem.
  FaceReader(const recipe::FaceRecipe& recipe, std::uint64_t max_pixels);

  PictureFaces read(std::span<const std::byte> file);

 private:
  recipe::FaceRecipe recipe_;
  std::uint64_t max_pixels_;
  std::unique_ptr<face::Detector> detector_;  // where the recipe has faces looked for
};

}  // namespace agewise::estimate
