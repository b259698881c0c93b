#include <algorithm>
#include <cmath>

#include "demo/parts.h"

namespace agewise::demo {
namespace {

// Strands from the parting outwards, lighter and darker than the hair, within what is clipped.
void draw_strands(Pen& pen, const Looks& looks, base::Random& random, double bottom) {
  for (int i = 0; i < 32; ++i) {
    double x = random.uniform(-1.15, 1.15), tone = random.uniform(-0.35, 0.35);
    Paint colour = tone < 0 ? darker(looks.hair, -tone) : lighter(looks.hair, tone);
    pen.move(0.15 * x, -1.15).curve(x * 0.8, -1.1, x, -0.5, x * 1.05, bottom).stroke(colour, 0.026, 0.5);
  }
  pen.ellipse(-0.25, -0.85, 0.6, 0.3).glow(lighter(looks.hair, 0.7), -0.25, -0.9, 0.45, 0.4);
}

// Over the skull down to the hairline, by the ears to `sides`. The line climbs at the temples first.
Pen& cap_path(Pen& pen, const Looks& looks, double thick, double sides, double fringe) {
  double w = looks.width * (1.03 + 0.4 * thick), top = -1 - thick, r = looks.receding;
  double middle = fringe - 0.36 * r * r, corner = fringe - 0.05 - 0.42 * r, inner = looks.width * (0.93 - 0.12 * r);
  return pen.move(-w, sides)
      .curve(-w - 0.02, -0.75, -0.62 * w, top, 0, top)
      .curve(0.62 * w, top, w + 0.02, -0.75, w, sides)
      .line(looks.width * 0.95, sides)
      .curve(looks.width * 0.95, -0.2, inner, corner + 0.22, looks.width * 0.62, std::max(corner, -1.02))
      .curve(0.3, middle - 0.02, 0.15, middle, 0, middle)
      .curve(-0.15, middle, -0.3, middle - 0.02, -looks.width * 0.62, std::max(corner, -1.02))
      .curve(-inner, corner + 0.22, -looks.width * 0.95, -0.2, -looks.width * 0.95, sides)
      .close();
}

void draw_cap(Pen& pen, const Looks& looks, base::Random& random, double thick, double sides, double fringe,
              double opacity = 1) {
  cap_path(pen, looks, thick, sides, fringe).fill(looks.hair, opacity);
  Pen::Clip cap = cap_path(pen, looks, thick, sides, fringe).clip();
  if (opacity == 1) draw_strands(pen, looks, random, sides + 0.2);
}

// What is left to the bald: hair above the ears, and a shine.
void draw_ring(Pen& pen, const Looks& looks, base::Random& random) {
  for (double side : {-1.0, 1.0}) {
    double w = looks.width * side;
    pen.move(w * 0.93, -0.52)
        .curve(w * 1.16, -0.5, w * 1.18, 0.0, w * 1.05, 0.22)
        .curve(w * 0.95, 0.1, w * 0.97, -0.2, w * 0.93, -0.52)
        .close()
        .fill(looks.hair);
    for (int i = 0; i < 8; ++i) {
      double y = random.uniform(-0.4, 0.1);
      pen.move(w, y).line(w * 1.1, y + 0.08).stroke(lighter(looks.hair, random.uniform(0, 0.4)), 0.015, 0.6);
    }
  }
  pen.ellipse(-0.2, -0.78, 0.3, 0.2).glow({1, 1, 1}, -0.2, -0.8, 0.22, 0.55);
}

void draw_tuft(Pen& pen, const Looks& looks, base::Random& random) {
  pen.ellipse(0, -0.86, 0.6, 0.2).glow(looks.hair, 0, -0.95, 0.5, 0.45);
  for (int i = 0; i < 16; ++i) {
    double x = random.uniform(-0.3, 0.3), lean = 0.5 * x + 0.05 * random.normal();
    pen.move(x, -0.9).curve(x, -1.05, x + 0.6 * lean, -1.12, x + 1.2 * lean, -1.06).stroke(looks.hair, 0.025, 0.75);
  }
}

void draw_spikes(Pen& pen, const Looks& looks, base::Random& random) {
  draw_cap(pen, looks, random, 0.08, -0.15, -0.62);
  for (int i = -6; i <= 6; ++i) {
    double x = i / 6.5 * looks.width, y = -1.05 + 0.35 * x * x, reach = random.uniform(0.12, 0.24);
    pen.move(x - 0.11, y + 0.2)
        .line(x * 1.15 + 0.05 * random.normal(), y - reach)
        .line(x + 0.11, y + 0.2)
        .close()
        .fill(looks.hair);
    pen.move(x - 0.09, -0.72)
        .line(x * 0.9 + 0.06 * random.normal(), -0.44)
        .line(x + 0.09, -0.72)
        .close()
        .fill(looks.hair, std::abs(i) < 5 ? 1 : 0);
  }
}

void draw_curls(Pen& pen, const Looks& looks, base::Random& random) {
  draw_cap(pen, looks, random, 0.12, 0.05, -0.66);
  for (int i = 0; i < 70; ++i) {
    double angle = random.uniform(-0.15, 1.15) * M_PI, out = random.uniform(0.86, 1.16),
           size = random.uniform(0.07, 0.13);
    double x = looks.width * 1.1 * out * std::cos(angle), y = 0.02 - 1.08 * out * std::sin(angle);
    if (y > -0.5 && std::abs(x) < looks.width * 0.97) continue;  // not into the face
    double tone = random.uniform(-0.25, 0.25);
    pen.ellipse(x, y, size, size).fill(tone < 0 ? darker(looks.hair, -tone) : lighter(looks.hair, tone * 0.8));
    pen.ellipse(x, y, size * 0.6, size * 0.6).stroke(darker(looks.hair, 0.35), 0.012, 0.5);
  }
}

// Two curtains from a parting, along the face.
void draw_curtains(Pen& pen, const Looks& looks, base::Random& random, double bottom) {
  double w = looks.width, parting = 0.12;
  for (double side : {-1.0, 1.0}) {
    auto curtain = [&]() -> Pen& {
      return pen.move(parting, -1.1)
          .curve(side * 0.75 * w, -1.12, side * 1.2 * w, -0.8, side * 1.16 * w, -0.1)
          .curve(side * 1.2 * w, 0.3, side * 1.1 * w, bottom * 0.8, side * 1.02 * w, bottom)
          .curve(side * 0.86 * w, bottom * 0.7, side * 0.98 * w, 0.1, side * 0.93 * w, -0.15)
          .curve(side * 0.9 * w, -0.5, side * 0.45 * w, -0.62, parting, -0.80)
          .close();
    };
    curtain().fill(looks.hair);
    Pen::Clip within = curtain().clip();
    draw_strands(pen, looks, random, bottom);
  }
}

void draw_bow(Pen& pen, const Looks& looks) {
  Paint colour = lighter(looks.clothes2, 0.15);
  double x = 0.38, y = -0.98;
  pen.move(x, y).line(x - 0.2, y - 0.13).line(x - 0.2, y + 0.13).close().fill(colour);
  pen.move(x, y).line(x + 0.2, y - 0.13).line(x + 0.2, y + 0.13).close().fill(colour);
  pen.ellipse(x, y, 0.06, 0.06).fill(darker(colour, 0.25));
}

}  // namespace

void draw_hair_behind(Pen& pen, const Looks& looks, base::Random& random) {
  double w = looks.width, bottom = 0;
  if (looks.hair_style == Hair::flowing) bottom = random.uniform(1.2, 1.9);
  if (looks.hair_style == Hair::bob) bottom = random.uniform(0.62, 0.85);
  if (bottom > 0) {
    pen.move(0, -1.14)
        .curve(1.25 * w, -1.14, 1.35 * w, -0.4, 1.28 * w, 0.2)
        .curve(1.35 * w, 0.8 * bottom, 1.3 * w, bottom, 0.9 * w, bottom)
        .line(-0.9 * w, bottom)
        .curve(-1.3 * w, bottom, -1.35 * w, 0.8 * bottom, -1.28 * w, 0.2)
        .curve(-1.35 * w, -0.4, -1.25 * w, -1.14, 0, -1.14)
        .close()
        .fill(darker(looks.hair, 0.28));
  }
  if (looks.hair_style == Hair::bun) pen.ellipse(0.08, -1.16, 0.34, 0.28).fill(darker(looks.hair, 0.12));
  if (looks.hair_style == Hair::curls) pen.ellipse(0, -0.3, 1.22 * w, 0.85).fill(darker(looks.hair, 0.25));
  if (looks.hair_style == Hair::pigtails) {
    for (double side : {-1.0, 1.0}) {
      pen.ellipse(side * 1.27 * w, 0.12, 0.2, 0.42).fill(darker(looks.hair, 0.12));
      pen.ellipse(side * 1.12 * w, -0.28, 0.1, 0.09).fill(looks.clothes2);
    }
  }
}

void draw_hair(Pen& pen, const Looks& looks, base::Random& random) {
  bool bald = looks.receding > 0.8 && looks.hair_style != Hair::tuft;
  if (bald) return draw_ring(pen, looks, random);
  switch (looks.hair_style) {
    case Hair::tuft:
      draw_tuft(pen, looks, random);
      break;
    case Hair::shaved:
      draw_cap(pen, looks, random, 0.015, -0.2, -0.64, 0.55);
      break;
    case Hair::cropped:
      draw_cap(pen, looks, random, 0.06, -0.02, -0.62);
      break;
    case Hair::parted:
      draw_cap(pen, looks, random, 0.12, 0.0, -0.60);
      break;
    case Hair::spiky:
      draw_spikes(pen, looks, random);
      break;
    case Hair::bowl:
      draw_cap(pen, looks, random, 0.1, 0.12, -0.33);
      break;
    case Hair::pigtails:
      draw_cap(pen, looks, random, 0.06, -0.1, -0.42);
      break;
    case Hair::bun:
      draw_cap(pen, looks, random, 0.05, -0.12, -0.72);
      break;
    case Hair::curls:
      draw_curls(pen, looks, random);
      break;
    case Hair::flowing:
      draw_curtains(pen, looks, random, 0.95);
      break;
    case Hair::bob:
      draw_curtains(pen, looks, random, 0.6);
      break;
  }
  if (looks.bow) draw_bow(pen, looks);
}

}  // namespace agewise::demo
