// One picture file to one prepared face.
#pragma once
#include <mutex>
#include <span>
#include <string>
#include <variant>

#include "agewise/catalog/screen.h"
#include "agewise/image/decode.h"
#include "agewise/recipe/recipe.h"

namespace agewise {

struct PreparedFace {
  Image face;  // size × size, grey or RGB
  PictureInfo picture;
};

struct Rejected {
  Reason reason = Reason::none;
  std::string detail;
};

// Decodes, cuts the face out where the recipe says so, and resizes. Any thread. Pictures of more than 4 million pixels
// wait for `large`, so that only one at a time takes much memory; above 24 million (after a JPEG's reduction) is a
// reject.
std::variant<PreparedFace, Rejected> prepare_face(const CatalogRow& row, std::span<const std::byte> file,
                                                  const FaceRecipe& recipe, std::mutex& large);

}  // namespace agewise
