#include <cmath>

#include "demo/parts.h"

namespace agewise::demo {
namespace {

void draw_ears(Pen& pen, const Looks& looks) {
  double y = 0.5 * (looks.eye_y + looks.nose_y) + 0.02;
  for (double side : {-1.0, 1.0}) {
    double x = side * (looks.width + 0.01);
    pen.ellipse(x, y, looks.ear * 0.62, looks.ear * 1.15).fill(darker(looks.skin, 0.08));
    pen.ellipse(x + side * 0.01, y, looks.ear * 0.32, looks.ear * 0.75).fill(darker(looks.skin, 0.24), 0.6);
    if (looks.earrings) pen.ellipse(x, y + looks.ear * 1.25, 0.035, 0.05).fill({0.95, 0.85, 0.45});
  }
}

void shade(Pen& pen, const Looks& looks) {
  Paint shadow = darker(looks.skin, 0.55);
  double side = looks.width;
  pen.rectangle(-1.2, -1.2, 2.4, 2.4).blend(shadow, 0.34, -side, 0, shadow, 0, -0.25, 0);
  pen.rectangle(-1.2, -1.2, 2.4, 2.4).blend(shadow, 0.34, side, 0, shadow, 0, 0.25, 0);
  pen.rectangle(-1.2, 0.4, 2.4, 0.8).blend(shadow, 0, 0, 0.72, shadow, 0.30, 0, 1.05);
  pen.ellipse(0, -0.45, 0.5, 0.4).glow(lighter(looks.skin, 0.5), 0, -0.45, 0.5, 0.5);
  for (double x : {-0.42, 0.42}) {
    double cheek = looks.nose_y + 0.06;
    pen.ellipse(x, cheek, 0.3, 0.3).glow({0.92, 0.35, 0.30}, x, cheek, 0.27, 0.12 + 0.34 * looks.blush);
    // Cheeks hollow out with age, and the eyes lie deeper.
    pen.ellipse(x * 1.1, cheek + 0.16, 0.2, 0.26).glow(shadow, x * 1.1, cheek + 0.16, 0.22, 0.34 * looks.sagging);
    pen.ellipse(x * 0.8, looks.eye_y, 0.3, 0.2).glow(shadow, x * 0.8, looks.eye_y, 0.26, 0.14 + 0.22 * looks.sagging);
  }
}

void draw_spots(Pen& pen, const Looks& looks, base::Random& random) {
  for (int i = 0; i < static_cast<int>(14 * looks.spots); ++i) {
    double x = random.uniform(-0.6, 0.6), y = random.uniform(-0.85, 0.6), size = random.uniform(0.012, 0.04);
    pen.ellipse(x, y, size * 1.3, size).fill({0.42, 0.27, 0.17}, 0.34);
  }
  for (int i = 0; i < static_cast<int>(40 * looks.freckles); ++i) {
    double x = 0.32 * random.normal(), y = looks.nose_y - 0.08 + 0.1 * random.normal();
    pen.ellipse(x, y, 0.012, 0.011).fill({0.55, 0.30, 0.16}, 0.5);
  }
}

// One furrow with a light edge below it.
void furrow(Pen& pen, const Looks& looks, double x1, double y1, double bend, double x2, double y2, double depth) {
  double x = 0.5 * (x1 + x2), y = 0.5 * (y1 + y2);
  double dx = y1 - y2, dy = x2 - x1, length = std::hypot(dx, dy) + 1e-9;
  x += bend * dx / length;
  y += bend * dy / length;
  pen.move(x1, y1 + 0.014)
      .curve(x, y + 0.014, x, y + 0.014, x2, y2 + 0.014)
      .stroke(lighter(looks.skin, 0.4), 0.014, 0.3 * depth);
  pen.move(x1, y1).curve(x, y, x, y, x2, y2).stroke(darker(looks.skin, 0.52), 0.012 + 0.014 * depth, 0.8 * depth);
}

void draw_forehead(Pen& pen, const Looks& looks, base::Random& random) {
  int lines = static_cast<int>(5 * looks.wrinkles);
  double bottom = looks.eye_y - 0.30;
  for (int i = 0; i < lines; ++i) {
    double y = bottom - 0.085 * i + 0.012 * random.normal(), reach = 0.44 - 0.03 * i + 0.03 * random.normal();
    double bend = -0.05 + 0.02 * random.normal(), end = reach * random.uniform(0.8, 1);
    furrow(pen, looks, -reach, y, bend, end, y, looks.wrinkles);
  }
  for (double side : {-1.0, 1.0})
    furrow(pen, looks, side * 0.05, looks.eye_y - 0.25, 0, side * 0.045, looks.eye_y - 0.13, 0.7 * looks.wrinkles);
}

void draw_furrows(Pen& pen, const Looks& looks, base::Random& random) {
  draw_forehead(pen, looks, random);
  for (double side : {-1.0, 1.0}) {
    double eye = side * looks.eye_gap, outer = side * (looks.eye_gap + looks.eye_size + 0.03);
    for (int i = -1; i < static_cast<int>(4 * looks.wrinkles); ++i) {
      double y = looks.eye_y + 0.035 * i, end = y + 0.05 * i;
      furrow(pen, looks, outer, y, 0, outer + side * 0.13, end, looks.wrinkles * (i < 0 ? 0.4 : 0.9));
    }
    for (int i = 0; i < 2; ++i) {
      double y = looks.eye_y + looks.eye_size * 0.95 + 0.06 * i;
      furrow(pen, looks, eye - side * 0.12, y, side * 0.07, eye + side * 0.12, y - 0.01, looks.bags * (1 - 0.35 * i));
    }
    double nose = side * looks.nose_width * 1.15, fold = 0.25 + 0.25 * looks.smile * 0.5 + 0.75 * looks.wrinkles;
    furrow(pen, looks, nose, looks.nose_y - 0.05, -side * 0.08, side * (looks.mouth_width + 0.09), looks.mouth_y - 0.01,
           fold * (0.3 + 0.7 * looks.growth));
    furrow(pen, looks, side * (looks.mouth_width + 0.04), looks.mouth_y + 0.04, side * -0.02,
           side * (looks.mouth_width + 0.05), looks.mouth_y + 0.2, looks.sagging);
  }
  for (int i = 0; i < static_cast<int>(5 * looks.sagging); ++i) {
    double x = 0.05 * (i - 2);
    furrow(pen, looks, x, looks.mouth_y - looks.lips - 0.09, 0, x * 1.05, looks.mouth_y - looks.lips,
           0.6 * looks.sagging);
  }
}

}  // namespace

Pen& head_path(Pen& pen, const Looks& looks) {
  double w = looks.width, j = looks.jaw + 0.06 * looks.jowls, c = looks.chin, low = 0.62 + 0.13 * looks.jowls;
  return pen.move(0, -1)
      .curve(0.62 * w, -1.0, w, -0.72, w, -0.12)
      .curve(w, 0.22, j + 0.12, low - 0.2, j, low)
      .curve(j - 0.08, low + 0.2, c + 0.08, 1.0, 0, 1.0)
      .curve(-c - 0.08, 1.0, -j + 0.08, low + 0.2, -j, low)
      .curve(-j - 0.12, low - 0.2, -w, 0.22, -w, -0.12)
      .curve(-w, -0.72, -0.62 * w, -1.0, 0, -1)
      .close();
}

void draw_shoulders(Pen& pen, const Looks& looks, base::Random& random) {
  double neck = 0.27 + looks.growth * (looks.female ? 0.02 : 0.12),
         wide = 0.95 + looks.growth * (looks.female ? 0.35 : 0.6);
  pen.move(-neck, 0.6).line(-neck, 1.5).line(neck, 1.5).line(neck, 0.6).close().fill(darker(looks.skin, 0.14));
  pen.ellipse(0, 1.0, neck * 1.3, 0.25).glow(darker(looks.skin, 0.6), 0, 0.98, 0.4, 0.55);
  for (double side : {-1.0, 1.0}) furrow(pen, looks, side * 0.12, 1.02, 0, side * 0.09, 1.4, 0.8 * looks.sagging);
  pen.move(-neck - 0.03, 1.22)
      .curve(-wide * 0.7, 1.36, -wide, 1.45, -wide - 0.1, 3.0)
      .line(wide + 0.1, 3.0)
      .curve(wide, 1.45, wide * 0.7, 1.36, neck + 0.03, 1.22)
      .curve(neck, 1.55, -neck, 1.55, -neck - 0.03, 1.22)
      .close();
  Pen::Clip clothes = pen.clip();
  pen.rectangle(-3, 1, 6, 3).fill(looks.clothes);
  if (looks.growth < 0.75 && random.uniform() < 0.5) {
    for (int i = 0; i < 8; ++i) pen.rectangle(-3, 1.2 + 0.2 * i, 6, 0.09).fill(looks.clothes2);
  }
  if (looks.tie) {
    pen.move(-neck, 1.2).line(0, 1.75).line(neck, 1.2).close().fill({0.93, 0.93, 0.95});
    pen.move(-0.09, 1.4).line(0.09, 1.4).line(0.14, 2.4).line(-0.14, 2.4).close().fill(looks.clothes2);
  }
}

void draw_head(Pen& pen, const Looks& looks, base::Random& random) {
  draw_ears(pen, looks);
  head_path(pen, looks).fill(looks.skin);
  Pen::Clip head = head_path(pen, looks).clip();
  shade(pen, looks);
  draw_spots(pen, looks, random);
  draw_furrows(pen, looks, random);
}

}  // namespace agewise::demo
