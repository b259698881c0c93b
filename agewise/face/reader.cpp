#include "agewise/face/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "agewise/face/quality.h"
#include "agewise/face/spec.h"

namespace agewise::face {
namespace {

constexpr std::uint64_t kFewPixels = 500'000;  // so few take no share of a budget

std::uint64_t pixels_of(const image::PictureInfo& info, int reduction) {
  auto side = [reduction](int pixels) { return static_cast<std::uint64_t>((pixels + reduction - 1) / reduction); };
  return side(info.width) * side(info.height);
}

// libheif needs 14 bytes a pixel, twice what the other decoders do.
bool takes_twice(image::FileKind kind) { return kind == image::FileKind::heif || kind == image::FileKind::avif; }

// What a picture takes of a budget.
std::uint64_t weight_of(const image::Decoded& decoded) {
  std::uint64_t pixels = pixels_of(decoded.info, decoded.reduction);
  return takes_twice(decoded.info.kind) ? 2 * pixels : pixels;
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

// A picture that was decoded before at a smaller size.
struct CannotBeDecoded {
  std::string problem;
};

// To the thousandths that are printed and stored: a cut's edges are whole pixels, and the same ones only of the same
// numbers.
Face as_printed(Face face) {
  for (double* number : {&face.box.left, &face.box.top, &face.box.right, &face.box.bottom, &face.angle})
    *number = std::round(*number * 1000) / 1000;
  return face;
}

}  // namespace

FaceReader::FaceReader(const recipe::FaceRecipe& recipe, const PixelLimit& limit, bool looks_for_faces)
    : recipe_(recipe), limit_(limit) {
  if (looks_for_faces && cuts_faces(recipe)) detector_ = make_detector(recipe.detector);
  if (!recipe.crop) return;
  recipe_.rotations = recipe::Rotations::upright;
  recipe_.no_face = recipe::NoFace::reject;
}

void FaceReader::time_steps(const base::Clock& clock, ReadingSeconds& seconds) {
  clock_ = &clock;
  seconds_ = &seconds;
}

template <class Step>
auto FaceReader::timed(double ReadingSeconds::*step, const Step& work) {
  if (clock_ == nullptr) return work();
  double start = (*clock_)();
  auto result = work();
  seconds_->*step += (*clock_)() - start;
  return result;
}

// How large a JPEG is decoded at first.
image::DecodeOptions FaceReader::first_look(const Wanted& wanted) const {
  image::DecodeOptions options;
  if (std::holds_alternative<InLabels>(wanted)) return options;
  if (!cuts_faces(recipe_) && !is_told_where(wanted)) {
    options.enough_pixels = recipe_.size;
  } else {
    options.enough_longer_side = detector_ ? detector_->side_looked_at() : kWorkingSide;
  }
  return options;
}

image::Decoded FaceReader::decode(std::span<const std::byte> file, image::DecodeOptions options,
                                  std::optional<base::Share>& share) {
  options.grey = recipe_.colour == recipe::Colour::grey;
  options.max_pixels = limit_.shared == nullptr ? limit_.most : kFewPixels;
  options.reduce_to_fit = limit_.shared == nullptr;
  options.takes_too_long = takes_too_long_;
  image::Decoded decoded = timed(&ReadingSeconds::decoding, [&] { return image::decode(file, options); });
  if (limit_.shared == nullptr || decoded.image || weight_of(decoded) <= kFewPixels) return decoded;
  share.emplace(*limit_.shared, weight_of(decoded));
  options.reduce_to_fit = true;
  options.max_pixels = takes_twice(decoded.info.kind) ? limit_.most / 2 : limit_.most;
  return timed(&ReadingSeconds::decoding, [&] { return image::decode(file, options); });
}

// In pixels of the whole picture.
std::vector<Face> FaceReader::faces_in(const image::Decoded& look, const Wanted& wanted) {
  if (is_told_where(wanted)) return {told_face(wanted, look.info)};
  if (!detector_) throw std::logic_error("a reader that was not to look for faces is asked for them");
  bool everyone = std::holds_alternative<Everyone>(wanted);
  std::vector<Face> faces =
      timed(&ReadingSeconds::finding, [&] { return detector_->find(*look.image, recipe_.rotations, everyone); });
  if (!everyone && faces.size() > 1) faces.resize(1);
  for (Face& face : faces) face = as_printed(scaled(face, look.reduction));
  return faces;
}

// Cuts those of `which` that the picture need not be enlarged for, or all; returns the others.
std::vector<std::size_t> FaceReader::cut_from(const image::Decoded& look, const std::vector<Face>& faces,
                                              std::span<const std::size_t> which, bool also_enlarged,
                                              std::vector<FaceCut>& cuts) {
  std::vector<std::size_t> left;
  for (std::size_t i : which) {
    Face face = scaled(faces[i], 1.0 / look.reduction);
    if (!also_enlarged && pixels_to_one(face, recipe_.margin, recipe_.size, recipe_.size) < 1) {
      left.push_back(i);
      continue;
    }
    cuts[i] = timed(&ReadingSeconds::cutting,
                    [&] { return cut_face(*look.image, face, recipe_.margin, recipe_.size, recipe_.size); });
    cuts[i].face = faces[i];
  }
  return left;
}

// Throws std::invalid_argument for a box that is none.
std::vector<FaceCut> FaceReader::cuts_of(image::Decoded look, std::span<const std::byte> file,
                                         const std::vector<Face>& faces, std::optional<base::Share>& share) {
  std::vector<FaceCut> cuts(faces.size());
  std::vector<std::size_t> all(faces.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  bool is_largest = look.reduction == 1 || pixels_of(look.info, look.reduction / 2) > limit_.most;
  std::vector<std::size_t> left = cut_from(look, faces, all, /*also_enlarged=*/is_largest, cuts);
  if (left.empty()) return cuts;
  int reduction = look.reduction / 2;
  auto enlarges = [&](std::size_t i) {
    return pixels_to_one(scaled(faces[i], 1.0 / reduction), recipe_.margin, recipe_.size, recipe_.size) < 1;
  };
  while (reduction > 1 && std::ranges::any_of(left, enlarges)) reduction /= 2;
  look.image.reset();  // before the larger one takes its memory
  share.reset();
  image::DecodeOptions options;
  options.enough_longer_side = (std::max(look.info.width, look.info.height) + reduction - 1) / reduction;
  image::Decoded finer = decode(file, options, share);
  if (!finer.image) throw CannotBeDecoded{finer.problem};
  finer.image = in_colour(recipe_.colour, std::move(*finer.image));
  cut_from(finer, faces, left, /*also_enlarged=*/true, cuts);
  return cuts;
}

PictureFaces FaceReader::read(std::span<const std::byte> file, const Wanted& wanted) {
  std::optional<base::Share> share;  // until the faces are cut out and the picture is gone
  return read_decoded(decode(file, first_look(wanted), share), file, wanted, share);
}

PictureFaces FaceReader::read(image::Image picture, const Wanted& wanted) {
  image::Decoded look;
  look.info.width = picture.width;
  look.info.height = picture.height;
  look.info.channels = picture.channels;
  look.image = std::move(picture);
  std::optional<base::Share> none;
  return read_decoded(std::move(look), {}, wanted, none);
}

// `file` is decoded again where faces are wanted larger than `look` has them; one that is at its full size has all.
PictureFaces FaceReader::read_decoded(image::Decoded look, std::span<const std::byte> file, const Wanted& wanted,
                                      std::optional<base::Share>& share) {
  if (!look.image) return no_faces(look.info, Trouble::undecodable, look.problem);
  PictureFaces found{look.info};
  if (found.info.width < 2 || found.info.height < 2) {
    return no_faces(found.info, Trouble::too_small,
                    fmt::format("has only {}×{} pixels", found.info.width, found.info.height));
  }
  look.image = in_colour(recipe_.colour, std::move(*look.image));
  bool takes_whole = std::holds_alternative<Strongest>(wanted) && recipe_.no_face == recipe::NoFace::whole;
  try {
    std::vector<Face> faces;
    if (cuts_faces(recipe_) || is_told_where(wanted)) {
      faces = faces_in(look, wanted);
    } else {
      takes_whole = true;
    }
    if (faces.empty() && takes_whole) {
      found.cuts.push_back({prepared_face(recipe_, std::move(*look.image)), std::nullopt, 0});
    } else {
      found.cuts = cuts_of(std::move(look), file, faces, share);
    }
  } catch (const std::invalid_argument& problem) {
    if (!is_told_where(wanted)) throw;
    return no_faces(found.info, Trouble::bad_box, problem.what());
  } catch (const CannotBeDecoded& broken) {
    return no_faces(found.info, Trouble::undecodable, broken.problem);
  }
  if (found.cuts.empty()) found.trouble = Trouble::no_face_found;
  if (std::holds_alternative<Strongest>(wanted) || std::holds_alternative<InLabels>(wanted)) return found;
  for (const FaceCut& cut : found.cuts) found.refusals.push_back(refusal_of(cut, recipe_.margin));
  return found;
}

}  // namespace agewise::face
