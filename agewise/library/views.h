// Pixels of somebody else's as a picture of ours.
#pragma once
#include "agewise/agewise.h"
#include "agewise/image/image.h"

namespace agewise::library {

// A copy, grey or RGB, transparent parts over white. Throws UsageError for a view that has no pixels, whose stride is
// shorter than a row, or whose format does not exist.
image::Image picture_of(const ImageView& view);

}  // namespace agewise::library
