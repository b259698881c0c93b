// Embedded colour profiles (ICC): pixels of cameras, phones and scanners to sRGB, which all else here assumes.
#pragma once
#include <memory>

#include "agewise/image/formats.h"

namespace agewise::image {

// Stays within the room. Any number of threads, each with its own.
class SrgbTransform {
 public:
  virtual ~SrgbTransform() = default;
  // `count` pixels of as many channels as it was made for; to grey from grey, else to RGB. `to` may be `from` if the
  // channels are as many.
  virtual void apply(const std::uint8_t* from, std::uint8_t* to, std::size_t count) const = 0;
};

// What turns pixels of 1 (grey), 3 (RGB) or 4 channels (CMYK as Adobe's JPEGs have it, 255 for no ink) under this
// profile into sRGB. Null where nothing is to be done: no profile; one that differs from sRGB by no more than rounding,
// as most do; one that is broken or for other channels, which is passed over as browsers do. By Little CMS, perceptual
// intent. The last few are kept by the thread: a collection's pictures mostly share one. Valid until the thread's next
// call.
const SrgbTransform* srgb_transform(Bytes profile, int channels);

// For the decoders that have their pixels already.
Image in_srgb(Image image, Bytes profile);

}  // namespace agewise::image
