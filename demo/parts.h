// The parts of a face, each drawn in head units (looks.h) over what is there already.
#pragma once
#include "demo/looks.h"
#include "demo/pen.h"

namespace agewise::demo {

void draw_hair_behind(Pen& pen, const Looks& looks, base::Random& random);
void draw_shoulders(Pen& pen, const Looks& looks, base::Random& random);
void draw_head(Pen& pen, const Looks& looks, base::Random& random);  // with ears, and the marks of age on its skin
void draw_beard(Pen& pen, const Looks& looks, base::Random& random);
void draw_eyes(Pen& pen, const Looks& looks, base::Random& random);
void draw_nose(Pen& pen, const Looks& looks);
void draw_mouth(Pen& pen, const Looks& looks);
void draw_hair(Pen& pen, const Looks& looks, base::Random& random);
void draw_glasses(Pen& pen, const Looks& looks, base::Random& random);

// The head's outline, for filling or clipping.
Pen& head_path(Pen& pen, const Looks& looks);

}  // namespace agewise::demo
