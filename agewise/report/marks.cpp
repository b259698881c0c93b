#include "agewise/report/marks.h"

#include <algorithm>
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

void caption(Canvas& canvas, const Mark& mark, double size, const image::Image& picture) {
  face::Point at = face::middle(mark.face.box);
  double half = canvas.text_width(mark.caption, size, true) / 2;
  double x = std::clamp(at.x, half, std::max(half, picture.width - half));
  double y = std::max(mark.face.box.top - size / 2, size);
  for (double shift : {-size / 12, size / 12}) {
    canvas.text(x + shift, y, mark.caption, size, kShadow, Align::middle, true);
    canvas.text(x, y + shift, mark.caption, size, kShadow, Align::middle, true);
  }
  canvas.text(x, y, mark.caption, size, kFrame, Align::middle, true);
}

}  // namespace

image::Image with_marks(const image::Image& picture, std::span<const Mark> marks) {
  Canvas canvas(picture.width, picture.height);
  canvas.picture(0, 0, picture);
  double side = std::min(picture.width, picture.height);
  for (const Mark& mark : marks) frame(canvas, mark.face, std::max(1.0, side / 250));
  for (const Mark& mark : marks) caption(canvas, mark, std::max(10.0, side / 25), picture);
  return canvas.image();
}

}  // namespace agewise::report
