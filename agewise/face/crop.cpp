#include "agewise/face/crop.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

constexpr double kFarthest = 1e5, kLargestArea = 1e8;  // of a cut: pixels

// From pixels of the picture, turned so that what lay at `degrees` stands upright, to pixels of the picture itself.
Turn from_upright(const image::Image& picture, double degrees) {
  Point centre{picture.width / 2.0, picture.height / 2.0};
  Turn turn = turn_about({0, 0}, degrees, {0, 0});
  double across = std::abs(turn.cosine), along = std::abs(turn.sine);
  Point frame{std::ceil(across * picture.width + along * picture.height - 1e-6),
              std::ceil(along * picture.width + across * picture.height - 1e-6)};
  return turn_about({frame.x / 2, frame.y / 2}, degrees, centre);
}

Point inverse(const Turn& turn, Point p) {
  Point moved{p.x - turn.shift.x, p.y - turn.shift.y};
  return {turn.cosine * moved.x + turn.sine * moved.y, turn.cosine * moved.y - turn.sine * moved.x};
}

image::Box moved(image::Box box, double x, double y) {
  return {box.left + x, box.top + y, box.right + x, box.bottom + y};
}

void check(const image::Box& cut) {
  double width = cut.right - cut.left, height = cut.bottom - cut.top;
  bool sensible = width >= 1 && height >= 1 && width * height <= kLargestArea && std::abs(cut.left) < kFarthest &&
                  std::abs(cut.top) < kFarthest;
  if (!sensible) throw std::invalid_argument("the face's box is empty, not finite or far outside");
}

double share_outside(const image::Image& picture, const Turn& to_picture, int width, int height) {
  std::int64_t outside = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      Point p = to_picture({x + 0.5, y + 0.5});
      if (p.x < 0 || p.y < 0 || p.x > picture.width || p.y > picture.height) ++outside;
    }
  }
  return static_cast<double>(outside) / (static_cast<double>(width) * height);
}

}  // namespace

image::Box with_margin(image::Box face, double margin) {
  double across = margin * (face.right - face.left), along = margin * (face.bottom - face.top);
  return {std::round(face.left + 1 - across) - 1, std::round(face.top + 1 - along) - 1, std::round(face.right + across),
          std::round(face.bottom + along)};
}

image::Image prepared_face(const recipe::FaceRecipe& recipe, image::Image picture) {
  bool grey = recipe.colour == recipe::Colour::grey;
  picture = grey ? image::to_grey(std::move(picture)) : image::to_rgb(std::move(picture));
  return image::resize(picture, recipe.size, recipe.size);
}

FaceCut cut_face(const image::Image& picture, const Face& face, double margin, int width, int height) {
  Turn to_picture = from_upright(picture, face.angle);
  Point here = middle(face.box), upright = inverse(to_picture, here);
  image::Box cut = with_margin(moved(face.box, upright.x - here.x, upright.y - here.y), margin);
  check(cut);
  to_picture.shift = to_picture({cut.left, cut.top});
  int cut_width = static_cast<int>(cut.right - cut.left), cut_height = static_cast<int>(cut.bottom - cut.top);
  return {image::resize(turned(picture, to_picture, cut_width, cut_height), width, height), face,
          share_outside(picture, to_picture, cut_width, cut_height)};
}

double pixels_to_one(const Face& face, double margin, int width, int height) {
  image::Box cut = with_margin(face.box, margin);
  return std::min((cut.right - cut.left) / width, (cut.bottom - cut.top) / height);
}

}  // namespace agewise::face
