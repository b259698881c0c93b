// What a drawn face looks like, as numbers that follow age and differ from person to person.
#pragma once
#include "agewise/base/random.h"
#include "agewise/catalog/catalog.h"
#include "demo/paint.h"

namespace agewise::demo {

enum class Hair { tuft, shaved, cropped, parted, spiky, bowl, pigtails, flowing, bob, bun, curls };

// Lengths are in head units: the head reaches from -1 (its top) to 1 (the chin), x to both sides of 0.
struct Looks {
  bool female = false;
  double growth = 1;  // 0 a baby, 1 grown up

  double width = 0.72, jaw = 0.58, chin = 0.3;  // half of the head's, the jaw's and the chin's
  double jowls = 0;                             // 0..1, as all signs of age below
  double eye_y = 0, eye_gap = 0.33, eye_size = 0.13, eye_openness = 0.5;
  double nose_y = 0.4, nose_width = 0.13, mouth_y = 0.65, mouth_width = 0.26, lips = 0.06, ear = 0.16;
  double brow = 0.04;  // its thickness
  double smile = 0.3;  // -0.2 … 1
  bool teeth = false;

  double wrinkles = 0, bags = 0, spots = 0, sagging = 0, blush = 0, freckles = 0;
  double receding = 0;              // of the hair: 1 is bald
  double beard = 0, moustache = 0;  // opacity
  bool glasses = false, earrings = false, bow = false, tie = false;

  Hair hair_style = Hair::cropped;
  Paint skin, hair, iris, lip, clothes, clothes2, wall, wall2;
};

// Of someone `age` years old (0 … 100 and somewhat beyond). People of the same age look a few years younger or older,
// each sign of age by itself.
Looks looks_of(double age, catalog::Gender gender, base::Random& random);

}  // namespace agewise::demo
