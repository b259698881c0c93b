#include <algorithm>

#include "demo/parts.h"

namespace agewise::demo {
namespace {

Pen& eye_path(Pen& pen, double x, double y, double half_width, double half_height, double droop) {
  return pen.move(x - half_width, y + droop * 0.5)
      .curve(x - half_width * 0.5, y - half_height * 1.25, x + half_width * 0.5, y - half_height * 1.25, x + half_width,
             y + droop)
      .curve(x + half_width * 0.5, y + half_height * 0.95, x - half_width * 0.5, y + half_height * 0.95, x - half_width,
             y + droop * 0.5)
      .close();
}

void draw_eye(Pen& pen, const Looks& looks, double x, double gaze) {
  double size = looks.eye_size, open = size * looks.eye_openness, y = looks.eye_y, droop = 0.02 * looks.sagging;
  Paint lid = darker(looks.skin, 0.5);
  {
    Pen::Clip eye = eye_path(pen, x, y, size, open, droop).clip();
    pen.rectangle(x - 1, y - 1, 2, 2).fill(mix({0.97, 0.97, 0.96}, {0.93, 0.86, 0.78}, looks.sagging));
    double iris = size * 0.56, pupil = iris * 0.48, at = x + gaze * size * 0.3;
    pen.ellipse(at, y - 0.005, iris, iris).fill(looks.iris);
    pen.ellipse(at, y - 0.005, iris, iris).stroke(darker(looks.iris, 0.5), 0.015);
    pen.ellipse(at, y - 0.005, pupil, pupil).fill({0.04, 0.03, 0.03});
    pen.ellipse(at - iris * 0.3, y - iris * 0.35, iris * 0.24, iris * 0.24).fill({1, 1, 1}, 0.95);
    pen.rectangle(x - 1, y - 1, 2, 2).blend({0, 0, 0}, 0.4, x, y - open, {0, 0, 0}, 0, x, y - open * 0.2);
  }
  eye_path(pen, x, y, size, open, droop).stroke(lid, 0.012, 0.6);
  double lash = looks.female && looks.growth > 0.4 ? 0.036 : 0.022;
  pen.move(x - size, y + droop * 0.5)
      .curve(x - size * 0.5, y - open * 1.25, x + size * 0.5, y - open * 1.25, x + size, y + droop)
      .stroke({0.08, 0.06, 0.05}, lash, 0.85);
  // The fold of the lid, which comes down with age.
  double fold = open * (1.75 - 0.45 * looks.sagging);
  pen.move(x - size * 1.02, y - open * 0.2)
      .curve(x - size * 0.5, y - fold, x + size * 0.5, y - fold, x + size * 1.1, y + 0.03 * looks.sagging)
      .stroke(lid, 0.014 + 0.012 * looks.sagging, 0.5);
}

void draw_brow(Pen& pen, const Looks& looks, double side) {
  double x = side * looks.eye_gap, y = looks.eye_y - looks.eye_size * (1.15 + 0.35 * looks.eye_openness),
         half = looks.eye_size * 1.2;
  Paint colour = mix(darker(looks.hair, 0.25), darker(looks.skin, 0.3), 0.35 * (1 - looks.growth));
  pen.move(x - side * half, y + 0.03)
      .curve(x - side * half * 0.3, y - 0.05, x + side * half * 0.4, y - 0.05, x + side * half, y + 0.02)
      .stroke(colour, looks.brow, 0.85);
}

}  // namespace

void draw_eyes(Pen& pen, const Looks& looks, base::Random& random) {
  double gaze = random.uniform(-0.7, 0.7);
  for (double side : {-1.0, 1.0}) {
    draw_eye(pen, looks, side * looks.eye_gap, gaze);
    draw_brow(pen, looks, side);
  }
}

void draw_nose(Pen& pen, const Looks& looks) {
  double y = looks.nose_y, w = looks.nose_width;
  Paint shadow = darker(looks.skin, 0.5);
  double bridge = 0.15 + 0.35 * looks.growth;  // a child's nose has hardly any
  pen.move(w * 0.45, looks.eye_y + 0.05)
      .curve(w * 0.5, y - 0.2, w * 0.95, y - 0.12, w, y - 0.02)
      .stroke(shadow, 0.03, 0.3 * bridge);
  pen.ellipse(-w * 0.15, y - 0.1, w * 0.6, 0.2).glow(lighter(looks.skin, 0.65), -w * 0.1, y - 0.07, 0.16, 0.5);
  for (double side : {-1.0, 1.0}) {
    pen.move(side * w * 0.75, y - 0.075)
        .curve(side * w * 1.25, y - 0.05, side * w * 1.1, y + 0.045, side * w * 0.6, y + 0.02)
        .stroke(shadow, 0.018, 0.65);
    pen.ellipse(side * w * 0.42, y + 0.012, w * 0.2, 0.017).fill(darker(looks.skin, 0.72), 0.7);
  }
  pen.move(-w * 0.5, y + 0.03)
      .curve(-w * 0.2, y + 0.06, w * 0.2, y + 0.06, w * 0.5, y + 0.03)
      .stroke(shadow, 0.016, 0.5);
}

void draw_mouth(Pen& pen, const Looks& looks) {
  double y = looks.mouth_y, w = looks.mouth_width * (1 + 0.15 * std::max(0.0, looks.smile)), up = 0.1 * looks.smile,
         lips = looks.lips;
  double gap = looks.teeth ? 0.075 * looks.smile : 0;
  pen.move(-w, y - up)
      .curve(-w * 0.5, y - lips * 1.3, -w * 0.15, y - lips * 1.5, 0, y - lips)
      .curve(w * 0.15, y - lips * 1.5, w * 0.5, y - lips * 1.3, w, y - up)
      .curve(w * 0.5, y + up * 0.75 + lips * 1.5 + gap, -w * 0.5, y + up * 0.75 + lips * 1.5 + gap, -w, y - up)
      .close()
      .fill(looks.lip);
  double low = y + up * 0.7;
  if (gap > 0) {
    pen.move(-w * 0.85, y - up * 0.7)
        .curve(-w * 0.4, y - lips * 0.2, w * 0.4, y - lips * 0.2, w * 0.85, y - up * 0.7)
        .curve(w * 0.4, low + gap + 0.02, -w * 0.4, low + gap + 0.02, -w * 0.85, y - up * 0.7)
        .close()
        .fill(mix({0.98, 0.97, 0.95}, {0.86, 0.78, 0.62}, looks.sagging));
  }
  pen.move(-w * 1.04, y - up * 1.05)
      .curve(-w * 0.45, low, w * 0.45, low, w * 1.04, y - up * 1.05)
      .stroke(darker(looks.lip, 0.55), gap > 0 ? 0.01 : 0.02, 0.75);
  pen.ellipse(0, y + lips + gap + up * 0.6, w * 0.4, 0.02).fill(lighter(looks.lip, 0.5), 0.35);
  pen.ellipse(0, y + 0.17 + gap, 0.2, 0.08).glow(darker(looks.skin, 0.6), 0, y + 0.15 + gap, 0.15, 0.3);
}

void draw_beard(Pen& pen, const Looks& looks, base::Random& random) {
  Paint colour = darker(looks.hair, 0.1);
  Pen::Clip head = head_path(pen, looks).clip();
  if (looks.beard > 0.02) {
    double top = looks.mouth_y - 0.1;
    pen.move(-1, looks.eye_y + 0.2)
        .line(-looks.width * 0.92, looks.eye_y + 0.2)
        .curve(-looks.jaw * 0.9, top + 0.12, -0.35, top - 0.02, 0, top)
        .curve(0.35, top - 0.02, looks.jaw * 0.9, top + 0.12, looks.width * 0.92, looks.eye_y + 0.2)
        .line(1, looks.eye_y + 0.2)
        .line(1, 1.2)
        .line(-1, 1.2)
        .close()
        .fill(colour, looks.beard * 0.85);
    int hairs = looks.beard > 0.4 ? 90 : 0;
    for (int i = 0; i < hairs; ++i) {
      double x = random.uniform(-0.6, 0.6), y = random.uniform(looks.mouth_y + 0.05, 1.0);
      pen.move(x, y)
          .line(x * 1.02 + 0.01 * random.normal(), y + 0.07)
          .stroke(lighter(colour, random.uniform(0, 0.35)), 0.012, 0.5);
    }
  }
  if (looks.moustache > 0.3) {
    double y = looks.mouth_y - looks.lips - 0.05, w = looks.mouth_width * 1.05;
    pen.move(0, y - 0.05)
        .curve(0.15, y - 0.08, w, y - 0.02, w, y + 0.07)
        .curve(w * 0.5, y + 0.04, 0.1, y + 0.05, 0, y + 0.02)
        .curve(-0.1, y + 0.05, -w * 0.5, y + 0.04, -w, y + 0.07)
        .curve(-w, y - 0.02, -0.15, y - 0.08, 0, y - 0.05)
        .close()
        .fill(colour, looks.moustache);
  }
}

void draw_glasses(Pen& pen, const Looks& looks, base::Random& random) {
  if (!looks.glasses) return;
  bool round = random.uniform() < 0.5;
  Paint frame = random.uniform() < 0.6 ? Paint{0.1, 0.09, 0.09} : Paint{0.55, 0.42, 0.22};
  double half = looks.eye_gap * 0.78, tall = half * (round ? 0.92 : 0.68), y = looks.eye_y + 0.04,
         thick = random.uniform(0.02, 0.05);
  for (double side : {-1.0, 1.0}) {
    double x = side * looks.eye_gap * 1.04;
    auto rim = [&]() -> Pen& {
      return round ? pen.ellipse(x, y, half, tall) : pen.rectangle(x - half, y - tall, 2 * half, 2 * tall);
    };
    rim().blend({1, 1, 1}, 0.32, x - half, y - tall, {1, 1, 1}, 0.03, x + half * 0.3, y + tall);
    rim().stroke(frame, thick);
    pen.move(x + side * half, y - tall * 0.3).line(side * (looks.width + 0.03), y - 0.06).stroke(frame, thick);
  }
  double inner = looks.eye_gap * 1.04 - half;
  pen.move(-inner, y - 0.02).curve(-inner * 0.4, y - 0.06, inner * 0.4, y - 0.06, inner, y - 0.02).stroke(frame, thick);
}

}  // namespace agewise::demo
