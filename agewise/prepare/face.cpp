#include "agewise/prepare/face.h"

#include <optional>
#include <stdexcept>

#include "agewise/face/crop.h"
#include "agewise/image/resize.h"

namespace agewise {
namespace {

constexpr std::uint64_t kFewPixels = 500'000;  // so few take no share of the budget

// A face cut out of a picture may be any part of it, so that the whole is decoded at its full size.
int enough_pixels(const FaceRecipe& recipe) { return recipe.crop ? 0 : recipe.size; }

// What a picture takes of the budget. libheif needs 14 bytes a pixel, twice what the other decoders do.
std::uint64_t weight_of(const PictureInfo& info) {
  std::uint64_t pixels = static_cast<std::uint64_t>(info.width) * static_cast<std::uint64_t>(info.height);
  return info.kind == FileKind::heif ? 2 * pixels : pixels;
}

std::variant<PreparedFace, Rejected> face_of(const CatalogRow& row, Decoded decoded, const FaceRecipe& recipe) {
  if (!decoded.image) return Rejected{Reason::undecodable, decoded.problem};
  if (decoded.info.width < 2 || decoded.info.height < 2) return Rejected{Reason::too_small, ""};
  Image& picture = *decoded.image;
  if (recipe.colour == Colour::rgb) picture = to_rgb(std::move(picture));
  if (!recipe.crop) return PreparedFace{resize(picture, recipe.size, recipe.size), decoded.info};
  if (!row.face) return Rejected{Reason::bad_face_box, "the labels give none"};
  try {
    return PreparedFace{cut_out(picture, with_margin(*row.face, recipe.margin), recipe.size, recipe.size),
                        decoded.info};
  } catch (const std::invalid_argument& problem) {
    return Rejected{Reason::bad_face_box, problem.what()};
  }
}

}  // namespace

std::variant<PreparedFace, Rejected> prepare_face(const CatalogRow& row, std::span<const std::byte> file,
                                                  const FaceRecipe& recipe, Budget& pixels) {
  DecodeOptions options{recipe.colour == Colour::grey, enough_pixels(recipe), kFewPixels};
  Decoded decoded = decode(file, options);
  std::uint64_t weight = weight_of(decoded.info);
  if (decoded.image || weight <= kFewPixels) return face_of(row, std::move(decoded), recipe);
  Share share(pixels, weight);  // until the face is cut out and the picture is gone
  options.max_pixels = decoded.info.kind == FileKind::heif ? kMostPixels / 2 : kMostPixels;
  return face_of(row, decode(file, options), recipe);
}

}  // namespace agewise
