#include "agewise/image/scan.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "agewise/image/colour.h"
#include "agewise/image/corruptions.h"
#include "agewise/image/field.h"
#include "agewise/image/resize.h"

namespace agewise::image {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double radians(double degrees) { return degrees * kTurn / 360; }

// Normal noise of deviation 1 and of this size (see Grain).
Field noise_field(int width, int height, int channels, double size, base::Random& random) {
  // Two sums of two bytes from each word: each around 255, with a variance of 2 · (256² - 1) / 12.
  constexpr float kMean = 255, kDeviation = 104.51F;
  Field white = make_field(width, height, channels);
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < white.values.size(); ++i) {
    word = i % 2 == 0 ? random.bits() : word >> 16;
    white.values[i] = (static_cast<float>((word & 0xFF) + ((word >> 8) & 0xFF)) - kMean) / kDeviation;
  }
  // White noise under a normal curve of deviation s correlates by exp(-(d / 2s)²) at a distance d.
  std::vector<float> weights = normal_weights(size / 2);
  if (weights.size() == 1) return white;
  float squares = weights[0] * weights[0];  // what is left of the variance in each of the two directions
  for (std::size_t k = 1; k < weights.size(); ++k) squares += 2 * weights[k] * weights[k];
  Field noise = smoothed(white, weights, Border::wraps);
  for (float& value : noise.values) value /= squares;
  return noise;
}

// cos(kTurn · (x cos angle + y sin angle) / period + phase) in every pixel, by the addition theorem.
struct Wave {
  std::vector<float> cos_x, sin_x, cos_y, sin_y;

  float at(std::size_t x, std::size_t y) const { return cos_x[x] * cos_y[y] - sin_x[x] * sin_y[y]; }
};

Wave wave(const Image& image, double period, double degrees, double phase) {
  Wave wave;
  auto fill = [&](int size, double step, double start, std::vector<float>& cosines, std::vector<float>& sines) {
    for (int i = 0; i < size; ++i) {
      cosines.push_back(static_cast<float>(std::cos(start + step * i)));
      sines.push_back(static_cast<float>(std::sin(start + step * i)));
    }
  };
  double frequency = kTurn / period, angle = radians(degrees);
  fill(image.width, frequency * std::cos(angle), phase, wave.cos_x, wave.sin_x);
  fill(image.height, frequency * std::sin(angle), 0, wave.cos_y, wave.sin_y);
  return wave;
}

// Multiplies all samples of each pixel by factor(x, y).
template <class Factor>
void multiply(Image& image, const Factor& factor) {
  auto channels = static_cast<std::size_t>(image.channels), width = static_cast<std::size_t>(image.width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
    std::uint8_t* row = image.row(static_cast<int>(y));
    for (std::size_t x = 0; x < width; ++x) {
      float times = factor(x, y);
      for (std::size_t c = 0; c < channels; ++c, ++row) *row = to_byte(static_cast<float>(*row) * times);
    }
  }
}

// Marks `cover` so much of each pixel, -1 … 1: below 0 dark ones. Here a disc whose edge fades over a pixel.
void stamp(Field& cover, double x, double y, double radius, double opacity) {
  double reach = radius + 0.5;
  int left = std::max(0, static_cast<int>(std::ceil(x - reach))),
      right = std::min(cover.width - 1, static_cast<int>(std::floor(x + reach))),
      top = std::max(0, static_cast<int>(std::ceil(y - reach))),
      bottom = std::min(cover.height - 1, static_cast<int>(std::floor(y + reach)));
  for (int row = top; row <= bottom; ++row) {
    for (int column = left; column <= right; ++column) {
      double inside = std::clamp(reach - std::hypot(column - x, row - y), 0.0, 1.0);
      float& old = cover.row(row)[column];
      if (inside * std::abs(opacity) > std::abs(old)) old = static_cast<float>(inside * opacity);
    }
  }
}

// A line of this length (pixels) through a random place, bent to the side by up to a share of its length.
struct Stroke {
  double length, angle, bend, radius, opacity;
};

void draw(const Stroke& stroke, base::Random& random, Field& cover) {
  double along_x = stroke.length * std::cos(stroke.angle), along_y = stroke.length * std::sin(stroke.angle);
  double middle_x = random.uniform(0, cover.width), middle_y = random.uniform(0, cover.height);
  double bend = stroke.bend * random.uniform(-1, 1);
  int steps = 1 + static_cast<int>(stroke.length / 0.7);  // so close that the discs make a line
  for (int i = 0; i <= steps; ++i) {
    double t = static_cast<double>(i) / steps - 0.5, aside = bend * (1 - 4 * t * t);  // a parabola
    stamp(cover, middle_x + t * along_x - aside * along_y, middle_y + t * along_y + aside * along_x, stroke.radius,
          stroke.opacity);
  }
}

Field cover_of(const Image& image, const Marks& marks, base::Random& random) {
  Field cover = make_field(image.width, image.height, 1);
  double side = std::max(image.width, image.height);
  auto opacity = [&](double bright) {
    double sign = random.uniform() < bright ? 1 : -1;
    return sign * marks.opacity * random.uniform(0.2, 1);
  };
  for (int i = 0; i < marks.specks; ++i) {
    double size = random.uniform();  // small ones are more common
    double radius = marks.radius * (0.2 + 0.8 * size * size);
    draw({radius * random.uniform(0, 2), random.uniform(0, kTurn), 0.3, radius, opacity(0.6)}, random, cover);
  }
  for (int i = 0; i < marks.scratches; ++i) {
    double angle = kTurn / 4 + 0.25 * random.normal();  // most run as the film did
    draw({side * random.uniform(0.15, 1.5), angle, 0.03, random.uniform(0.1, 0.5), opacity(0.75)}, random, cover);
  }
  for (int i = 0; i < marks.hairs; ++i) {
    double length = side * random.uniform(0.08, 0.4);
    draw({length, random.uniform(0, kTurn), 0.5, random.uniform(0.15, 0.6), opacity(0.5)}, random, cover);
  }
  return cover;
}

}  // namespace

void add_grain(Image& image, const Grain& grain, base::Random random) {
  if (grain.deviation <= 0) return;
  std::array<float, 256> deviations{};
  for (std::size_t level = 0; level < 256; ++level) {
    double tone = static_cast<double>(level) / 255;
    deviations[level] = static_cast<float>(grain.deviation * (1 + 8 * tone * (1 - tone)) / 3);
  }
  const Image luma = to_grey(image);
  Field shared = noise_field(image.width, image.height, 1, grain.size, random), own;
  if (image.channels == 3 && grain.colour > 0) own = noise_field(image.width, image.height, 3, grain.size, random);
  auto channels = static_cast<std::size_t>(image.channels);
  auto share = static_cast<float>(grain.colour);
  std::uint8_t* sample = image.pixels.data();
  for (std::size_t pixel = 0; pixel < luma.pixels.size(); ++pixel) {
    float deviation = deviations[luma.pixels[pixel]], noise = deviation * shared.values[pixel];
    for (std::size_t c = 0; c < channels; ++c, ++sample) {
      float colour = own.values.empty() ? 0 : deviation * share * own.values[pixel * channels + c];
      *sample = to_byte(static_cast<float>(*sample) + noise + colour);
    }
  }
}

void print_dots(Image& image, const Halftone& halftone, base::Random random) {
  if (halftone.amount <= 0) return;
  auto channels = static_cast<std::size_t>(image.channels), width = static_cast<std::size_t>(image.width);
  auto half = static_cast<float>(halftone.amount / 2);
  double phase_a = random.uniform(0, kTurn), phase_b = random.uniform(0, kTurn);
  for (std::size_t c = 0; c < channels; ++c) {
    double angle = halftone.angle + static_cast<double>(c) * halftone.channel_angle;
    Wave a = wave(image, halftone.period, angle, phase_a), b = wave(image, halftone.period, angle + 90, phase_b);
    for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
      std::uint8_t* row = image.row(static_cast<int>(y)) + c;
      for (std::size_t x = 0; x < width; ++x, row += channels) {
        auto value = static_cast<float>(*row);
        *row = to_byte(value + half * std::min(value, 255 - value) * (a.at(x, y) + b.at(x, y)));
      }
    }
  }
}

void change_tone(Image& image, const Tone& tone) {
  Image curves = make_image(256, 1, 3);
  for (std::size_t level = 0; level < 256; ++level) {
    for (std::size_t c = 0; c < 3; ++c) {
      double share = std::pow(static_cast<double>(level) / 255, tone.gamma[c]);
      curves.pixels[3 * level + c] =
          to_byte(static_cast<float>(tone.black[c] + (tone.white[c] - tone.black[c]) * share));
    }
  }
  if (image.channels == 1) curves = to_grey(std::move(curves));
  auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < image.pixels.size(); i += channels) {
    for (std::size_t c = 0; c < channels; ++c) image.pixels[i + c] = curves.pixels[image.pixels[i + c] * channels + c];
  }
}

void change_light(Image& image, const Light& light, base::Random random) {
  if (light.gradient == 0 && light.vignette == 0 && light.mottle == 0) return;
  constexpr int kClouds = 6;  // a side
  Image clouds = make_image(kClouds, kClouds, 1);
  for (std::uint8_t& cloud : clouds.pixels) cloud = static_cast<std::uint8_t>(random.bits() >> 24);
  clouds = resize(clouds, image.width, image.height);
  double angle = radians(light.angle);
  auto right = static_cast<float>(light.gradient * std::cos(angle)),
       down = static_cast<float>(light.gradient * std::sin(angle)), vignette = static_cast<float>(light.vignette / 2),
       mottle = static_cast<float>(light.mottle / 127.5);
  float width = static_cast<float>(image.width), height = static_cast<float>(image.height);
  multiply(image, [&](std::size_t x, std::size_t y) {
    float u = (2 * static_cast<float>(x) + 1) / width - 1, v = (2 * static_cast<float>(y) + 1) / height - 1;  // -1 … 1
    float cloud = static_cast<float>(clouds.row(static_cast<int>(y))[x]) - 127.5F;
    return 1 + right * u + down * v - vignette * (u * u + v * v) + mottle * cloud;
  });
}

void emboss(Image& image, const Texture& texture, base::Random random) {
  if (texture.deviation <= 0) return;
  constexpr double kLamp = 225;  // degrees: it stands above, to the left
  std::array<Wave, 3> waves;
  std::array<float, 3> weights{};
  for (std::size_t k = 0; k < 3; ++k) {
    double angle = texture.angle + 60 * static_cast<double>(k);
    waves[k] = wave(image, texture.period, angle, random.uniform(0, kTurn));
    // A ridge shows the more the more squarely it is lit. The three squares of the cosines sum to 3/2 whatever the
    // angle, and a wave has the variance 1/2.
    weights[k] = static_cast<float>(texture.deviation * std::cos(radians(angle - kLamp)) / std::sqrt(0.75));
  }
  multiply(image, [&](std::size_t x, std::size_t y) {
    return 1 + weights[0] * waves[0].at(x, y) + weights[1] * waves[1].at(x, y) + weights[2] * waves[2].at(x, y);
  });
}

void add_marks(Image& image, const Marks& marks, base::Random random) {
  if (marks.specks <= 0 && marks.scratches <= 0 && marks.hairs <= 0) return;
  auto bright = static_cast<float>(random.uniform(200, 255)), dark = static_cast<float>(random.uniform(5, 70));
  Field cover = cover_of(image, marks, random);
  auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t pixel = 0; pixel < cover.values.size(); ++pixel) {
    float covered = cover.values[pixel];
    if (covered == 0) continue;
    for (std::size_t i = pixel * channels; i < (pixel + 1) * channels; ++i) {
      auto value = static_cast<float>(image.pixels[i]);
      image.pixels[i] = to_byte(value + std::abs(covered) * ((covered > 0 ? bright : dark) - value));
    }
  }
}

Image softened(const Image& image, double deviation) {
  Image out = image;
  if (deviation <= 0) return out;
  Field soft = smoothed(to_field(image), normal_weights(deviation), Border::repeats);
  std::transform(soft.values.begin(), soft.values.end(), out.pixels.begin(), to_byte);
  return out;
}

Image sharpened(const Image& image, const Sharpening& sharpening) {
  Image out = image;
  if (sharpening.amount <= 0) return out;
  Field soft = smoothed(to_field(image), normal_weights(sharpening.deviation), Border::repeats);
  auto amount = static_cast<float>(sharpening.amount);
  std::transform(image.pixels.begin(), image.pixels.end(), soft.values.begin(), out.pixels.begin(),
                 [&](float value, float mean) { return to_byte(value + amount * (value - mean)); });
  return out;
}

Image scanned(Image image, const Scan& scan, std::uint64_t seed) {
  // Each effect has a stream of its own: what it draws does not depend on which others there are.
  auto stream = [&](std::uint32_t effect) { return base::Random(seed, base::Purpose::augment, 0, effect); };
  if (scan.saturation != 1) recolour(saturation(scan.saturation), image);
  image = softened(image, scan.softness);
  add_grain(image, scan.grain, stream(1));
  print_dots(image, scan.halftone, stream(2));
  change_tone(image, scan.tone);
  change_light(image, scan.light, stream(3));
  emboss(image, scan.texture, stream(4));
  add_marks(image, scan.marks, stream(5));
  add_grain(image, scan.noise, stream(6));
  image = sharpened(image, scan.sharpening);
  return scan.jpeg_quality > 0 ? through_jpeg(image, scan.jpeg_quality) : image;
}

}  // namespace agewise::image
