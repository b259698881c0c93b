// What a camera makes of a drawing.
#pragma once
#include "agewise/base/random.h"
#include "agewise/image/image.h"

namespace agewise::demo {

// Blurred a little, with noise, other contrast and a tint; about one in seven is grey, more of them faded.
image::Image photographed(image::Image image, base::Random& random);

}  // namespace agewise::demo
