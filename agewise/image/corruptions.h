// What happens to pictures between the camera and a collection: lost resolution, grain, JPEG artefacts, something in
// front of the face.
#pragma once
#include <cstdint>

#include "agewise/image/image.h"

namespace agewise::image {

// Shrunk `factor` times (1 or more) and enlarged to its size again: what a small picture or a poor lens has lost.
Image blurred(const Image& image, double factor);

// Near-normal noise of this deviation (grey levels) added to every sample, drawn from `seed`.
void add_noise(Image& image, double deviation, std::uint64_t seed);

// Encoded as JPEG of this quality (1 … 100) and decoded again.
Image through_jpeg(const Image& image, int quality);

// A rectangle, as far as it lies in the picture, filled with noise, uniform over 0 … 255 (Zhong et al., "Random erasing
// data augmentation", AAAI 2020). `patch` in whole pixels, right and bottom exclusive.
struct Patch {
  int left = 0, top = 0, right = 0, bottom = 0;
};
void erase(Image& image, const Patch& patch, std::uint64_t seed);

}  // namespace agewise::image
