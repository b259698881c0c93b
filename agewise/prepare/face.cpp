#include "agewise/prepare/face.h"

#include <stdexcept>

#include "agewise/face/crop.h"
#include "agewise/image/resize.h"

namespace agewise {
namespace {

constexpr std::uint64_t kFewPixels = 4'000'000, kMostPixels = 24'000'000;

// A face cut out of a picture may be any part of it, so that the whole is decoded at its full size.
int enough_pixels(const FaceRecipe& recipe) { return recipe.crop ? 0 : recipe.size; }

Decoded decode_bounded(std::span<const std::byte> file, const FaceRecipe& recipe, std::mutex& large) {
  DecodeOptions options{recipe.colour == Colour::grey, enough_pixels(recipe), kFewPixels};
  Decoded decoded = decode(file, options);
  std::uint64_t pixels =
      std::uint64_t{static_cast<unsigned>(decoded.info.width)} * static_cast<unsigned>(decoded.info.height);
  if (decoded.image || pixels <= kFewPixels) return decoded;
  std::lock_guard alone(large);
  options.max_pixels = kMostPixels;
  return decode(file, options);
}

}  // namespace

std::variant<PreparedFace, Rejected> prepare_face(const CatalogRow& row, std::span<const std::byte> file,
                                                  const FaceRecipe& recipe, std::mutex& large) {
  Decoded decoded = decode_bounded(file, recipe, large);
  if (!decoded.image) return Rejected{Reason::undecodable, decoded.problem};
  if (decoded.info.width < 2 || decoded.info.height < 2) return Rejected{Reason::too_small, ""};
  Image& picture = *decoded.image;
  if (recipe.colour == Colour::rgb) picture = to_rgb(picture);
  if (!recipe.crop) return PreparedFace{resize(picture, recipe.size, recipe.size), decoded.info};
  if (!row.face) return Rejected{Reason::bad_face_box, "the labels give none"};
  try {
    return PreparedFace{cut_out(picture, with_margin(*row.face, recipe.margin), recipe.size, recipe.size),
                        decoded.info};
  } catch (const std::invalid_argument& problem) {
    return Rejected{Reason::bad_face_box, problem.what()};
  }
}

}  // namespace agewise
