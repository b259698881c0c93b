#include "demo/portrait.h"

#include <algorithm>
#include <cmath>

#include "demo/camera.h"
#include "demo/parts.h"

namespace agewise::demo {
namespace {

struct Pose {
  double x = 0, y = 0, unit = 0, angle = 0;  // as Pen::place() takes them
};

Pose pose_in(int width, int height, base::Random& random) {
  double side = std::min(width, height);
  Pose pose;
  pose.unit = side / random.uniform(2.65, 3.3);
  pose.x = width / 2.0 + 0.03 * side * random.normal();
  pose.y = height / 2.0 - 0.02 * side + 0.025 * side * random.normal();
  pose.angle = 0.09 * random.normal();
  return pose;
}

void draw_wall(Pen& pen, const Looks& looks, int width, int height, base::Random& random) {
  pen.rectangle(0, 0, width, height)
      .blend(looks.wall, 1, 0, 0, looks.wall2, 1, width * random.uniform(-0.5, 1.5), height);
  for (int i = 0; i < 7; ++i) {  // lights out of focus
    double x = random.uniform(0, width), y = random.uniform(0, height), reach = random.uniform(0.06, 0.3) * width;
    Paint colour = random.uniform() < 0.5 ? lighter(looks.wall, 0.5) : darker(looks.wall2, 0.5);
    pen.ellipse(x, y, reach, reach).glow(colour, x, y, reach, 0.5);
  }
}

void light(Pen& pen, int width, int height, base::Random& random) {
  double angle = random.uniform(0, 2 * M_PI), strength = random.uniform(0, 0.5);
  double dx = 0.5 * width * std::cos(angle), dy = 0.5 * height * std::sin(angle), x = 0.5 * width, y = 0.5 * height;
  pen.rectangle(0, 0, width, height)
      .blend({1, 0.96, 0.85}, 0.5 * strength, x - dx, y - dy, {0, 0, 0.05}, strength, x + dx, y + dy);
}

// The part of the head that detectors frame, in the picture's pixels, for a head that is not turned much.
image::Box face_box(const Pose& pose) {
  double half = 0.8 * pose.unit, x = pose.x - 0.15 * pose.unit * std::sin(pose.angle), y = pose.y + 0.15 * pose.unit;
  return {std::round(x - half), std::round(y - half), std::round(x + half), std::round(y + half)};
}

}  // namespace

Portrait draw_portrait(double age, catalog::Gender gender, int width, int height, base::Random random) {
  Looks looks = looks_of(age, gender, random);
  Pose pose = pose_in(width, height, random);
  Pen pen(width, height);
  draw_wall(pen, looks, width, height, random);
  pen.place(pose.x, pose.y, pose.unit, pose.angle);
  draw_hair_behind(pen, looks, random);
  draw_shoulders(pen, looks, random);
  draw_head(pen, looks, random);
  draw_beard(pen, looks, random);
  draw_nose(pen, looks);
  draw_mouth(pen, looks);
  draw_eyes(pen, looks, random);
  draw_hair(pen, looks, random);
  draw_glasses(pen, looks, random);
  pen.place(0, 0, 1, 0);
  light(pen, width, height, random);
  return {photographed(pen.image(), random), face_box(pose)};
}

}  // namespace agewise::demo
