// A drawn photograph of someone of a given age.
#pragma once
#include "demo/looks.h"

namespace agewise::demo {

struct Portrait {
  image::Image image;
  image::Box face;  // from the brows to the chin, as a face detector would say
};

// `width` × `height` pixels, the face somewhere near the middle, a little tilted; with the light, the noise and the
// blur of a photograph; now and then grey. The same `random` draws the same picture.
Portrait draw_portrait(double age, catalog::Gender gender, int width, int height, base::Random random);

}  // namespace agewise::demo
