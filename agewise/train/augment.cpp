#include "agewise/train/augment.h"

#include <algorithm>
#include <cmath>

#include "agewise/face/spec.h"
#include "agewise/image/colour.h"

namespace agewise::train {
namespace {

constexpr int kBestJpeg = 90;                           // quality that costs next to nothing
constexpr double kLeastErased = 0.02;                   // share of the picture
constexpr double kFlattest = 0.3, kSteepest = 1 / 0.3;  // height to width of an erased patch, as in Zhong et al.

image::Placement choose_placement(const recipe::Recipe& recipe, base::Random& random) {
  const recipe::AugmentRecipe& a = recipe.augment;
  auto [edge, side, input] = face::view_of(recipe);
  int left = edge, top = edge, room = recipe.face.size - side;
  auto drawn_left = static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1)),
       drawn_top = static_cast<int>(random.below(static_cast<std::uint64_t>(room) + 1));
  if (a.crop) left = drawn_left, top = drawn_top;
  image::Placement placement;
  placement.centre_x = left + side / 2.0;
  placement.centre_y = top + side / 2.0;
  placement.mirrored = random.uniform() < 0.5 && a.mirror;
  placement.angle = a.rotate * random.uniform(-1, 1);
  placement.shift_x = a.shift * input * random.uniform(-1, 1);
  placement.shift_y = a.shift * input * random.uniform(-1, 1);
  placement.scale = (1 + a.scale * random.uniform(-1, 1)) * input / side;
  return placement;
}

image::Patch choose_patch(double most_area, int side, base::Random& random) {
  double area = random.uniform(std::min(kLeastErased, most_area), most_area) * side * side;
  double steepness = std::exp(random.uniform(std::log(kFlattest), std::log(kSteepest)));
  auto limited = [&](double length) { return std::clamp(static_cast<int>(std::lround(length)), 1, side); };
  int width = limited(std::sqrt(area / steepness)), height = limited(std::sqrt(area * steepness));
  auto left = static_cast<int>(random.uniform() * (side - width + 1)),
       top = static_cast<int>(random.uniform() * (side - height + 1));
  return {left, top, left + width, top + height};
}

std::uint64_t seed_from(base::Random& random) {
  std::uint64_t high = random.bits();
  return (high << 32) | random.bits();
}

image::ColourMatrix colours_of(const Augmentation& what, const image::Image& image) {
  image::ColourMatrix matrix = image::brightness(what.brightness);
  if (what.contrast != 1)
    matrix = image::then(matrix, image::contrast(what.contrast, what.brightness * image::mean_luma(image)));
  matrix = image::then(matrix, image::then(image::saturation(what.saturation), image::hue(what.hue)));
  return image::then(matrix, image::tint(what.tint[0], what.tint[1], what.tint[2]));
}

bool moves(const image::Placement& p, const image::Image& face, int side) {
  bool same_place = p.centre_x == face.width / 2.0 && p.centre_y == face.height / 2.0 && face.width == side;
  return !same_place || p.shift_x != 0 || p.shift_y != 0 || p.angle != 0 || p.scale != 1 || p.mirrored;
}

bool recolours(const Augmentation& what) {
  return what.brightness != 1 || what.contrast != 1 || what.saturation != 1 || what.hue != 0 ||
         what.tint != std::array<double, 3>{1, 1, 1};
}

// As often between 1 and 2 as between 2 and 4: weak effects are common, strong ones are there.
double evenly_in_octaves(double low, double high, base::Random& random) {
  return low * std::pow(high / low, random.uniform());
}

// How far a cast at full strength moves blacks and whites of red, green and blue, in grey levels, and gamma's factors.
struct Cast {
  std::array<double, 3> black, white, gamma;
};

// Of black-and-white prints the toner and the yellowing of the paper; of colour prints what the dyes that lasted make,
// cyan having faded first.
Cast choose_cast(bool in_colour, base::Random& random) {
  auto uniform = [&](double low, double high) { return random.uniform(low, high); };
  Cast dyes{{uniform(0, 35), uniform(-8, 20), uniform(-8, 25)},
            {uniform(-25, 8), uniform(-60, 0), uniform(-75, 0)},
            {uniform(0.75, 1.05), uniform(0.9, 1.3), uniform(0.85, 1.35)}};
  const Cast sepia{{14, 4, -12}, {0, -14, -52}, {0.86, 1, 1.18}};
  return in_colour && random.uniform() < 0.7 ? dyes : sepia;
}

// Prints fade, blacks first; copies of copies grow hard and lose what is lightest and darkest.
image::Tone choose_tone(bool in_colour, base::Random& random) {
  image::Tone tone;
  bool hard = random.uniform() < 0.2;
  double black = (hard ? -50 : 90) * std::pow(random.uniform(), 1.5);
  double white = 255 + (hard ? 80 : -95) * std::pow(random.uniform(), 1.5);
  double gamma = evenly_in_octaves(0.65, 1.6, random);
  Cast cast = choose_cast(in_colour, random);
  double strength = random.uniform(in_colour ? 0 : -0.25, 1);  // below 0: cold black-and-white paper
  for (std::size_t c = 0; c < 3; ++c) {
    tone.black[c] = black + strength * cast.black[c];
    tone.white[c] = std::max(tone.black[c] + 40, white + strength * cast.white[c]);
    tone.gamma[c] = gamma * std::pow(cast.gamma[c], strength);
  }
  return tone;
}

// Up to 30 grey levels; less where it is coarse, or nothing of the face were left.
image::Grain choose_grain(base::Random& random) {
  image::Grain grain;
  grain.size = random.uniform(0.5, 4);
  grain.deviation = evenly_in_octaves(1.5, 30 / std::sqrt(std::max(1.0, grain.size)), random);
  if (random.uniform() < 0.3) grain.colour = random.uniform(0.1, 0.6);
  return grain;
}

image::Marks choose_marks(base::Random& random) {
  image::Marks marks;
  double share = random.uniform();  // of the most that there may be
  marks.specks = static_cast<int>(evenly_in_octaves(2, 60, random) * share);
  marks.scratches = static_cast<int>(4 * share * random.uniform());
  marks.hairs = static_cast<int>(4 * share * random.uniform());
  marks.radius = random.uniform(0.5, 2.5);
  marks.opacity = random.uniform(0.3, 1);
  return marks;
}

}  // namespace

image::Scan choose_scan(base::Random random) {
  image::Scan scan;
  auto happens = [&](double probability) { return random.uniform() < probability; };
  auto uniform = [&](double low, double high) { return random.uniform(low, high); };
  auto octaves = [&](double low, double high) { return evenly_in_octaves(low, high, random); };
  bool in_colour = happens(0.4);
  scan.saturation = in_colour ? uniform(0.4, 1.1) : 0;
  if (happens(0.45)) scan.softness = octaves(0.4, 2);
  if (happens(0.75)) scan.grain = choose_grain(random);
  if (happens(0.12)) scan.halftone = {uniform(0.08, 0.7), uniform(2.5, 5), uniform(0, 90), in_colour ? 30.0 : 0.0};
  if (happens(0.7)) scan.tone = choose_tone(in_colour, random);
  if (happens(0.35)) scan.light = {uniform(0, 0.25), uniform(0, 360), uniform(0, 0.4), uniform(0, 0.12)};
  if (happens(0.2)) scan.texture = {octaves(0.015, 0.08), uniform(2.5, 8), uniform(0, 360)};
  if (happens(0.45)) scan.marks = choose_marks(random);
  if (happens(0.4)) scan.noise = {octaves(1, 12), uniform(0, 1.5), uniform(0, 1.5)};
  if (happens(0.35)) scan.sharpening = {octaves(0.3, 1.5), uniform(0.6, 2)};
  if (happens(0.5)) scan.jpeg_quality = static_cast<int>(uniform(30, 92));
  return scan;
}

Augmentation choose(const recipe::Recipe& recipe, base::Random random) {
  const recipe::AugmentRecipe& a = recipe.augment;
  Augmentation what;
  what.placement = choose_placement(recipe, random);
  auto factor = [&](double reach) { return 1 + reach * random.uniform(-1, 1); };
  auto happens = [&](double probability) { return random.uniform() < probability; };
  what.brightness = factor(a.brightness);
  what.contrast = factor(a.contrast);
  what.saturation = factor(a.saturation);
  what.hue = 360 * a.hue * random.uniform(-1, 1);
  if (happens(a.grey)) what.saturation = 0;
  bool grey = recipe.face.colour == recipe::Colour::grey;  // such a picture cannot be tinted
  for (double& channel : what.tint) channel = factor(grey ? 0 : a.tint);
  double blur_factor = random.uniform(1, a.blur_factor), deviation = random.uniform(0, a.noise_deviation);
  int quality = a.jpeg_quality + static_cast<int>(random.uniform() * (kBestJpeg - a.jpeg_quality + 1));
  image::Patch patch = choose_patch(a.erase_area, recipe::input_side(recipe), random);
  if (happens(a.blur)) what.blur_factor = blur_factor;
  if (happens(a.noise)) what.noise_deviation = deviation;
  if (happens(a.jpeg)) what.jpeg_quality = quality;
  if (happens(a.erase)) what.erased = patch;
  what.noise_seed = seed_from(random);
  what.erased_seed = seed_from(random);
  what.scan_seed = seed_from(random);
  if (happens(a.scan)) what.scan = choose_scan({what.scan_seed, base::Purpose::augment});
  return what;
}

image::Image augmented(const image::Image& face, const Augmentation& what, int side) {
  image::Image image = moves(what.placement, face, side)
                           ? image::warp(face, image::map_of(what.placement, side, side), side, side)
                           : face;
  if (recolours(what)) image::recolour(colours_of(what, image), image);
  if (what.blur_factor > 1) image = image::blurred(image, what.blur_factor);
  if (what.scan) image = image::scanned(std::move(image), *what.scan, what.scan_seed);
  if (what.noise_deviation > 0) image::add_noise(image, what.noise_deviation, what.noise_seed);
  if (what.jpeg_quality > 0) image = image::through_jpeg(image, what.jpeg_quality);
  if (what.erased) image::erase(image, *what.erased, what.erased_seed);
  return image;
}

}  // namespace agewise::train
