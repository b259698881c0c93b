// What happens to a face on its way from the lens of an old camera through film, print and years to the file of a
// scanner. Each effect is a function of its own; one of strength 0, the default, changes nothing. Grey and RGB of any
// size; any thread. All that is random comes from the stream given.
#pragma once
#include <array>
#include <cstdint>

#include "agewise/base/random.h"
#include "agewise/image/image.h"

namespace agewise::image {

// Noise of film, paper or a scanner, strongest in mid-tones.
struct Grain {
  double deviation = 0;  // grey levels in mid-grey; a third of it in black and in white
  double size = 1;       // pixels, 0 or more: at this distance the noise of two pixels correlates by 1/e
  double colour = 0;     // deviation of what each channel has for itself, as a share of that of what all have
};
void add_grain(Image& image, const Grain& grain, base::Random random);

// The dots of a printed picture. As small as they are here, a scanner leaves of them a sine along each axis of the
// screen. The mean of a flat area stays.
struct Halftone {
  double amount = 0;         // 0 … 1; with 1 mid-grey is black and white
  double period = 4;         // pixels, 2 or more, from dot to dot
  double angle = 45;         // degrees by which the screen is turned
  double channel_angle = 0;  // degrees by which each channel's screen is turned against the one before it
};
void print_dots(Image& image, const Halftone& halftone, base::Random random);

// What age and chemistry make of the tones: a sample v becomes black + (white - black) · (v / 255)^gamma, each channel
// by its own numbers, which may lie outside 0 … 255, where tones are lost. A grey picture becomes the luma of what it
// would be in RGB.
struct Tone {
  std::array<double, 3> black{0, 0, 0}, white{255, 255, 255}, gamma{1, 1, 1};  // of red, green, blue
};
void change_tone(Image& image, const Tone& tone);

// Uneven fading, a lamp at the side, the lens's darker corners: samples times 1 + x.
struct Light {
  double gradient = 0;  // x at one border, -x at the opposite one, 0 in the middle
  double angle = 0;     // degrees: where the bright border lies, 0 to the right, 90 below
  double vignette = 0;  // -x in the corners; grows with the square of the distance from the middle
  double mottle = 0;    // largest ± x of clouds of about a sixth of the picture
};
void change_light(Image& image, const Light& light, base::Random random);

// Silk and honeycomb paper under a lamp: three waves, 60° apart, seen in relief; samples times 1 + x.
struct Texture {
  double deviation = 0;  // of x: 0.05 is well visible
  double period = 4;     // pixels, 2 or more, from ridge to ridge
  double angle = 0;      // degrees by which the pattern is turned
};
void emboss(Image& image, const Texture& texture, base::Random random);

// Dirt and damage, of random places, shapes and visibility: bright where it lay on the film or has torn the surface,
// dark where it lies on the print.
struct Marks {
  int specks = 0, scratches = 0, hairs = 0;  // how many
  double radius = 1;                         // pixels, of the largest speck
  double opacity = 1;                        // 0 … 1, of the most visible mark
};
void add_marks(Image& image, const Marks& marks, base::Random random);

// Gaussian blur of this deviation in pixels: a soft lens, a print out of focus.
Image softened(const Image& image, double deviation);

// Unsharp masking: `amount` times the difference from the picture blurred by `deviation` (pixels) is added.
struct Sharpening {
  double amount = 0, deviation = 1;
};
Image sharpened(const Image& image, const Sharpening& sharpening);

// All of it for one picture, applied in this order.
struct Scan {
  double saturation = 1;  // factor; 0: black-and-white film
  double softness = 0;    // see softened()
  Grain grain;            // of the film
  Halftone halftone;
  Tone tone;
  Light light;
  Texture texture;
  Marks marks;
  Grain noise;  // of the scanner
  Sharpening sharpening;
  int jpeg_quality = 0;  // 1 … 100; 0: not encoded
};

Image scanned(Image image, const Scan& scan, std::uint64_t seed);

}  // namespace agewise::image
