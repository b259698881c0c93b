#include "agewise/face/reader.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "agewise/face/quality.h"
#include "agewise/face/spec.h"

namespace agewise::face {
namespace {

constexpr std::uint64_t kFewPixels = 500'000;  // so few take no share of a budget

// libheif needs 14 bytes a pixel, twice what the other decoders do.
bool takes_twice(image::FileKind kind) { return kind == image::FileKind::heif || kind == image::FileKind::avif; }

// What a picture takes of a budget.
std::uint64_t weight_of(const image::PictureInfo& info) {
  std::uint64_t pixels = static_cast<std::uint64_t>(info.width) * static_cast<std::uint64_t>(info.height);
  return takes_twice(info.kind) ? 2 * pixels : pixels;
}

image::Image in_colour(recipe::Colour colour, image::Image picture) {
  return colour == recipe::Colour::grey ? image::to_grey(std::move(picture)) : image::to_rgb(std::move(picture));
}

bool is_told_where(const Wanted& wanted) {
  return std::holds_alternative<Face>(wanted) || std::holds_alternative<InLabels>(wanted);
}

// In pixels of the whole picture. Throws std::invalid_argument for a box that is none.
Face told_face(const Wanted& wanted, const image::PictureInfo& info) {
  if (const auto* face = std::get_if<Face>(&wanted)) return *face;
  const std::optional<image::Box>& box = std::get<InLabels>(wanted).box;
  if (!box) throw std::invalid_argument("the labels give none");
  return {image::turned_upright(*box, info.width, info.height, info.orientation)};
}

PictureFaces no_faces(const image::PictureInfo& info, Trouble trouble, std::string problem) {
  return {info, {}, {}, trouble, std::move(problem)};
}

}  // namespace

FaceReader::FaceReader(const recipe::FaceRecipe& recipe, const PixelLimit& limit, bool looks_for_faces)
    : recipe_(recipe), limit_(limit) {
  if (looks_for_faces && cuts_faces(recipe)) detector_ = make_detector(recipe.detector);
  if (!recipe.crop) return;
  recipe_.rotations = recipe::Rotations::upright;
  recipe_.no_face = recipe::NoFace::reject;
}

image::Decoded FaceReader::decode_within_limit(std::span<const std::byte> file, const Wanted& wanted,
                                               std::optional<base::Share>& share) const {
  // A face may be any part of a picture, so that one is decoded at its full size in which it is cut out.
  bool whole = !cuts_faces(recipe_) && !is_told_where(wanted);
  image::DecodeOptions options{recipe_.colour == recipe::Colour::grey, whole ? recipe_.size : 0, limit_.most,
                               /*reduce_to_fit=*/limit_.shared == nullptr};
  if (limit_.shared == nullptr) return image::decode(file, options);
  options.max_pixels = kFewPixels;
  image::Decoded decoded = image::decode(file, options);
  std::uint64_t weight = weight_of(decoded.info);
  if (decoded.image || weight <= kFewPixels) return decoded;
  share.emplace(*limit_.shared, weight);
  options.reduce_to_fit = true;
  options.max_pixels = takes_twice(decoded.info.kind) ? limit_.most / 2 : limit_.most;
  return image::decode(file, options);
}

// Throws std::invalid_argument for a box that is none.
std::vector<FaceCut> FaceReader::cuts_of(image::Image picture, const image::Decoded& decoded, const Wanted& wanted) {
  std::vector<FaceCut> cuts;
  if (is_told_where(wanted)) {
    Face face = told_face(wanted, decoded.info);
    face.box = scaled(face.box, 1.0 / decoded.reduction);
    cuts.push_back(cut_face(picture, face, recipe_.margin, recipe_.size, recipe_.size));
  } else if (!cuts_faces(recipe_)) {
    cuts.push_back({prepared_face(recipe_, std::move(picture)), std::nullopt, 0});
  } else if (detector_) {
    cuts = cut_detected(picture, recipe_, *detector_, std::holds_alternative<Everyone>(wanted));
  } else {
    throw std::logic_error("a reader that was not to look for faces is asked for them");
  }
  return cuts;
}

PictureFaces FaceReader::read(std::span<const std::byte> file, const Wanted& wanted) {
  std::optional<base::Share> share;  // until the faces are cut out and the picture is gone
  image::Decoded decoded = decode_within_limit(file, wanted, share);
  const image::PictureInfo& info = decoded.info;
  if (!decoded.image) return no_faces(info, Trouble::undecodable, decoded.problem);
  if (info.width < 2 || info.height < 2)
    return no_faces(info, Trouble::too_small, fmt::format("has only {}×{} pixels", info.width, info.height));
  PictureFaces faces{info};
  try {
    faces.cuts = cuts_of(in_colour(recipe_.colour, std::move(*decoded.image)), decoded, wanted);
  } catch (const std::invalid_argument& problem) {
    if (!is_told_where(wanted)) throw;
    return no_faces(info, Trouble::bad_box, problem.what());
  }
  for (FaceCut& cut : faces.cuts)
    if (cut.face) cut.face->box = scaled(cut.face->box, decoded.reduction);
  if (faces.cuts.empty()) faces.trouble = Trouble::no_face_found;
  if (std::holds_alternative<Strongest>(wanted) || std::holds_alternative<InLabels>(wanted)) return faces;
  for (const FaceCut& cut : faces.cuts) faces.refusals.push_back(refusal_of(cut, recipe_.margin));
  return faces;
}

}  // namespace agewise::face
