#include "agewise/report/marks.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "agewise/report/canvas.h"

namespace agewise::report {
namespace {

constexpr Ink kFrame{1, 0.85, 0.1}, kShadow{0, 0, 0};

// Twice, a broad dark line below a narrow bright one: it shows on any picture.
void frame(Canvas& canvas, const face::Face& face, double line) {
  const image::Box& box = face.box;
  face::Point at = face::middle(box);
  cairo_t* cairo = canvas.cairo();
  cairo_save(cairo);
  cairo_translate(cairo, at.x, at.y);
  cairo_rotate(cairo, face.angle * std::numbers::pi / 180);
  cairo_rectangle(cairo, box.left - at.x, box.top - at.y, box.right - box.left, box.bottom - box.top);
  cairo_restore(cairo);
  for (auto [ink, width] : {std::pair{kShadow, 2 * line}, std::pair{kFrame, line}}) {
    cairo_set_source_rgb(cairo, ink.red, ink.green, ink.blue);
    cairo_set_line_width(cairo, width);
    cairo_stroke_preserve(cairo);
  }
  cairo_new_path(cairo);
}

double diagonal_reach(const face::Face& face) {
  // Of the turned box, how far its uppermost corner lies above its middle.
  double radians = face.angle * std::numbers::pi / 180;
  return (std::abs(std::cos(radians)) * (face.box.bottom - face.box.top) +
          std::abs(std::sin(radians)) * (face.box.right - face.box.left)) /
         2;
}

// Bright on a dark plate, above the face where there is room, and always within the picture.
void caption(Canvas& canvas, const Mark& mark, const image::Image& picture) {
  constexpr double kSmallest = 10, kPadding = 0.25;  // pixels; of the letters' size
  double shorter = std::min(picture.width, picture.height);
  double size = std::clamp((mark.face.box.right - mark.face.box.left) / 3, std::max(kSmallest, shorter / 50),
                           std::max(kSmallest, shorter / 20));
  double unit = canvas.text_width(mark.caption, 100, true) / 100;  // of a letter's size of 1
  size = std::min({size, picture.width / (unit + 2 * kPadding), picture.height / (1 + 2 * kPadding)});
  double width = size * (unit + 2 * kPadding), height = size * (1 + 2 * kPadding);
  face::Point at = face::middle(mark.face.box);
  double left = std::clamp(at.x - width / 2, 0.0, std::max(0.0, picture.width - width));
  double top = std::clamp(at.y - diagonal_reach(mark.face) - height, 0.0, std::max(0.0, picture.height - height));
  cairo_t* cairo = canvas.cairo();
  cairo_rectangle(cairo, left, top, width, height);
  cairo_set_source_rgba(cairo, kShadow.red, kShadow.green, kShadow.blue, 0.75);
  cairo_fill(cairo);
  canvas.text(left + width / 2, top + height / 2 + 0.36 * size, mark.caption, size, kFrame, Align::middle, true);
}

}  // namespace

image::Image with_marks(const image::Image& picture, std::span<const Mark> marks) {
  Canvas canvas(picture.width, picture.height);
  canvas.picture(0, 0, picture);
  double side = std::min(picture.width, picture.height);
  for (const Mark& mark : marks) frame(canvas, mark.face, std::max(1.0, side / 250));
  for (const Mark& mark : marks) caption(canvas, mark, picture);
  return canvas.image();
}

}  // namespace agewise::report
