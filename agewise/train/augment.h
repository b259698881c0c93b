// What happens to a training picture: chosen anew in each epoch, a function of (seed, epoch, sample).
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "agewise/base/random.h"
#include "agewise/image/corruptions.h"
#include "agewise/image/image.h"
#include "agewise/image/scan.h"
#include "agewise/image/warp.h"
#include "agewise/recipe/recipe.h"

namespace agewise::train {

// All choices for one picture; the defaults change nothing. Applied in this order.
struct Augmentation {
  image::Placement placement;           // from the stored face to the network's size
  double brightness = 1, contrast = 1;  // factors
  double saturation = 1, hue = 0;       // factor, degrees
  std::array<double, 3> tint{1, 1, 1};  // factors of red, green and blue
  double blur_factor = 1;               // see image/corruptions.h
  std::optional<image::Scan> scan;      // see image/scan.h
  double noise_deviation = 0;           // grey levels
  int jpeg_quality = 0;                 // 0: not encoded
  std::optional<image::Patch> erased;   // of the picture at the network's size
  std::uint64_t noise_seed = 0, erased_seed = 0, scan_seed = 0;
};

// The recipe's choices for the picture whose stream `random` is. Each choice takes its own numbers of the stream,
// whether the recipe wants it or not: to change one key leaves all other choices as they were.
Augmentation choose(const recipe::Recipe& recipe, base::Random random);

// What a scan of an old photograph may have been through, from hardly visible to strong: several effects, rarely all.
image::Scan choose_scan(base::Random random);

// `face` as stored, changed and of `side` × `side` pixels. Any thread.
image::Image augmented(const image::Image& face, const Augmentation& what, int side);

}  // namespace agewise::train
