#include "agewise/prepare/face.h"

#include <optional>
#include <stdexcept>

#include "agewise/image/resize.h"

namespace agewise::prepare {
namespace {

constexpr std::uint64_t kFewPixels = 500'000;  // so few take no share of the budget

// A face cut out of a picture may be any part of it, so that the whole is decoded at its full size.
int enough_pixels(const recipe::FaceRecipe& recipe) { return recipe.crop || recipe.detect ? 0 : recipe.size; }

// libheif needs 14 bytes a pixel, twice what the other decoders do.
bool takes_twice(image::FileKind kind) { return kind == image::FileKind::heif || kind == image::FileKind::avif; }

// What a picture takes of the budget.
std::uint64_t weight_of(const image::PictureInfo& info) {
  std::uint64_t pixels = static_cast<std::uint64_t>(info.width) * static_cast<std::uint64_t>(info.height);
  return takes_twice(info.kind) ? 2 * pixels : pixels;
}

// The labels' boxes are in pixels of the picture as it is stored.
std::variant<PreparedFace, Rejected> face_by_labels(const catalog::CatalogRow& row, const image::Image& picture,
                                                    const image::PictureInfo& info, const recipe::FaceRecipe& recipe) {
  if (!row.face) return Rejected{catalog::Reason::bad_face_box, "the labels give none"};
  image::Box box = image::turned_upright(*row.face, info.width, info.height, info.orientation);
  try {
    return PreparedFace{face::cut_face(picture, {box}, recipe.margin, recipe.size, recipe.size), info};
  } catch (const std::invalid_argument& problem) {
    return Rejected{catalog::Reason::bad_face_box, problem.what()};
  }
}

std::variant<PreparedFace, Rejected> face_of(const catalog::CatalogRow& row, image::Decoded decoded,
                                             const recipe::FaceRecipe& recipe, face::Detector* detector) {
  if (!decoded.image) return Rejected{catalog::Reason::undecodable, decoded.problem};
  if (decoded.info.width < 2 || decoded.info.height < 2) return Rejected{catalog::Reason::too_small, ""};
  image::Image& picture = *decoded.image;
  if (recipe.colour == recipe::Colour::rgb) picture = image::to_rgb(std::move(picture));
  if (recipe.crop) return face_by_labels(row, picture, decoded.info, recipe);
  if (!recipe.detect) return PreparedFace{{image::resize(picture, recipe.size, recipe.size), {}, 0}, decoded.info};
  std::vector<face::FaceCut> cuts = face::cut_detected(picture, recipe, *detector, false);
  if (cuts.empty()) return Rejected{catalog::Reason::no_face_found, ""};
  return PreparedFace{std::move(cuts.front()), decoded.info};
}

}  // namespace

std::variant<PreparedFace, Rejected> prepare_face(const catalog::CatalogRow& row, std::span<const std::byte> file,
                                                  const recipe::FaceRecipe& recipe, Budget& pixels,
                                                  face::Detector* detector) {
  image::DecodeOptions options{recipe.colour == recipe::Colour::grey, enough_pixels(recipe), kFewPixels};
  image::Decoded decoded = image::decode(file, options);
  std::uint64_t weight = weight_of(decoded.info);
  if (decoded.image || weight <= kFewPixels) return face_of(row, std::move(decoded), recipe, detector);
  Share share(pixels, weight);  // until the face is cut out and the picture is gone
  options.max_pixels = takes_twice(decoded.info.kind) ? kMostPixels / 2 : kMostPixels;
  return face_of(row, image::decode(file, options), recipe, detector);
}

}  // namespace agewise::prepare
