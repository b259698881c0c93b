// One picture file to one prepared face.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "agewise/catalog/screen.h"
#include "agewise/face/crop.h"
#include "agewise/image/decode.h"
#include "agewise/prepare/budget.h"
#include "agewise/recipe/recipe.h"

namespace agewise::prepare {

// A picture of more pixels (after a JPEG's reduction; of HEIC and AVIF, half as many) is a reject.
inline constexpr std::uint64_t kMostPixels = 25'000'000;

struct PreparedFace {
  face::FaceCut cut;  // size × size, grey or RGB
  image::PictureInfo picture;
};

struct Rejected {
  catalog::Reason reason = catalog::Reason::none;
  std::string detail;
};

// Decodes, cuts the face out where the recipe says so, and resizes. Pictures that are not small take their pixels from
// `pixels`, a budget of kMostPixels that all threads share, so that memory is bounded. Any thread, each with a detector
// of its own, which may be null where the recipe detects nothing.
std::variant<PreparedFace, Rejected> prepare_face(const catalog::CatalogRow& row, std::span<const std::byte> file,
                                                  const recipe::FaceRecipe& recipe, Budget& pixels,
                                                  face::Detector* detector);

}  // namespace agewise::prepare
