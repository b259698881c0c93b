// Where DEX cuts a face out of a picture (Rothe et al., ICCVW 2015, §3.1; the reference crop of IMDB-WIKI).
#pragma once
#include "agewise/image/image.h"

namespace agewise {

// `face` widened by `margin` of its width on the left and right and of its height above and below, rounded to whole
// pixels, half away from zero. 0.4 is DEX's; a negative margin narrows.
Box with_margin(Box face, double margin);

}  // namespace agewise
