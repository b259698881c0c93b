#include "demo/looks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace agewise::demo {
namespace {

double between(double a, double b, double share_of_b) { return a + (b - a) * share_of_b; }

// From 0 to 1, half at `middle` years, most of it within `width` years around.
double onset(double age, double middle, double width) { return 1 / (1 + std::exp(-4 * (age - middle) / width)); }

bool chance(base::Random& random, double probability) { return random.uniform() < probability; }

template <std::size_t n>
Paint pick(const std::array<Paint, n>& colours, base::Random& random) {
  return colours[random.below(n)];
}

Paint any_colour(base::Random& random, double low, double high) {
  double red = random.uniform(low, high), green = random.uniform(low, high);
  return {red, green, random.uniform(low, high)};
}

// Reference: skin from fair to dark; hair and eyes that go with it are drawn from the first `fair` entries or the rest.
constexpr std::array<Paint, 7> kSkins{{{0.98, 0.86, 0.76},
                                       {0.95, 0.79, 0.67},
                                       {0.90, 0.72, 0.57},
                                       {0.82, 0.62, 0.46},
                                       {0.70, 0.49, 0.34},
                                       {0.54, 0.36, 0.25},
                                       {0.40, 0.26, 0.19}}};
constexpr std::array<Paint, 6> kFairHair{{{0.87, 0.70, 0.42},
                                          {0.72, 0.50, 0.26},
                                          {0.45, 0.28, 0.15},
                                          {0.28, 0.18, 0.11},
                                          {0.66, 0.30, 0.13},
                                          {0.15, 0.11, 0.09}}};
constexpr std::array<Paint, 3> kDarkHair{{{0.10, 0.08, 0.07}, {0.16, 0.11, 0.08}, {0.24, 0.15, 0.10}}};
constexpr std::array<Paint, 4> kFairEyes{
    {{0.33, 0.52, 0.70}, {0.36, 0.52, 0.36}, {0.42, 0.28, 0.16}, {0.45, 0.52, 0.56}}};
constexpr std::array<Paint, 2> kDarkEyes{{{0.28, 0.17, 0.10}, {0.18, 0.11, 0.07}}};

void shape_head(Looks& looks, base::Random& random) {
  double grown = looks.growth, male = looks.female ? 0 : 1;
  looks.width = between(0.90, between(0.70, 0.75, male), grown) + 0.025 * random.normal();
  looks.jaw = between(0.62, between(0.46, 0.57, male), grown) + 0.025 * random.normal();
  looks.chin = between(0.34, between(0.22, 0.34, male), grown) + 0.02 * random.normal();
  looks.eye_y = between(0.24, 0.02, grown) + 0.02 * random.normal();
  looks.eye_gap = between(0.42, 0.33, grown) + 0.012 * random.normal();
  looks.eye_size = between(0.20, between(0.145, 0.13, male), grown) * random.uniform(0.93, 1.07);
  looks.eye_openness = between(0.86, 0.60, grown) * random.uniform(0.9, 1.08);
  looks.nose_y = between(0.52, 0.43, grown) + 0.015 * random.normal();
  looks.nose_width = between(0.10, between(0.12, 0.145, male), grown) * random.uniform(0.9, 1.15);
  looks.mouth_y = between(0.71, 0.68, grown) + 0.012 * random.normal();
  looks.mouth_width = between(0.17, 0.27, grown) * random.uniform(0.9, 1.12);
  looks.lips = between(0.05, between(0.062, 0.048, male), grown) * random.uniform(0.85, 1.2);
  looks.brow = between(0.018, between(0.028, 0.046, male), grown) * random.uniform(0.8, 1.2);
  looks.ear = between(0.15, 0.17, grown);
}

void add_years(Looks& looks, double age, base::Random& random) {
  auto felt = [&] { return age + 4 * random.normal(); };  // each sign keeps its own time
  looks.wrinkles = onset(felt(), 56, 40);
  looks.bags = onset(felt(), 58, 40) * random.uniform(0.5, 1);
  looks.sagging = onset(felt(), 64, 36);
  looks.jowls = onset(felt(), 64, 36) * random.uniform(0.4, 1.1);
  looks.spots = onset(felt(), 74, 24);
  looks.blush = std::clamp(1 - age / 22, 0.0, 1.0) * random.uniform(0.5, 1);
  looks.freckles = age > 4 && age < 30 && chance(random, 0.18) ? random.uniform(0.4, 1) : 0;
  looks.eye_openness *= 1 - 0.38 * looks.sagging;
  looks.eye_size *= 1 - 0.08 * looks.sagging;
  looks.nose_width *= 1 + 0.22 * looks.sagging;
  looks.nose_y += 0.035 * looks.sagging;
  looks.lips *= 1 - 0.5 * looks.sagging;
  looks.ear *= 1 + 0.25 * looks.sagging;
  if (!looks.female) {
    looks.receding = std::clamp(onset(felt(), random.uniform(38, 85), 40) * 1.05, 0.0, 1.0);
    double man = onset(age, 19, 6);
    looks.beard = man * (chance(random, 0.30) ? random.uniform(0.5, 1) : random.uniform(0, 0.22));
    looks.moustache = man * (chance(random, 0.16) ? 1 : looks.beard);
    looks.tie = age > 22 && chance(random, 0.35);
  }
  looks.glasses = chance(random, between(0.06, 0.62, onset(age, 52, 30)) * (age < 5 ? 0 : 1));
  looks.earrings = looks.female && age > 12 && chance(random, 0.4);
}

Hair hair_style(const Looks& looks, double age, base::Random& random) {
  auto one_of = [&](std::initializer_list<Hair> styles) { return styles.begin()[random.below(styles.size())]; };
  if (age < 2.5) return Hair::tuft;
  if (looks.female && age < 11) return one_of({Hair::pigtails, Hair::flowing, Hair::bob});
  if (looks.female && age < 50) return one_of({Hair::flowing, Hair::flowing, Hair::bob, Hair::bun, Hair::curls});
  if (looks.female) return one_of({Hair::bob, Hair::bun, Hair::curls, Hair::curls});
  if (age < 13) return one_of({Hair::bowl, Hair::spiky, Hair::cropped});
  if (looks.receding > 0.3) return one_of({Hair::cropped, Hair::parted});
  return one_of({Hair::cropped, Hair::parted, Hair::spiky, Hair::shaved, Hair::curls});
}

void colour(Looks& looks, double age, base::Random& random) {
  std::size_t tone = random.below(kSkins.size());
  bool fair = tone < 3;
  looks.skin = mix(kSkins[tone], any_colour(random, 0.4, 0.9), 0.06);
  looks.skin = mix(looks.skin, {0.80, 0.74, 0.68}, 0.22 * looks.sagging);  // paler with age
  Paint own = fair ? pick(kFairHair, random) : pick(kDarkHair, random);
  if (fair && age < 8) own = lighter(own, 0.25);
  double grey = onset(age + 7 * random.normal(), 54, 26);
  if (looks.female && age > 40 && chance(random, 0.3)) grey *= 0.25;  // dyed
  looks.hair = mix(own, {0.86, 0.86, 0.88}, grey * 0.95);
  looks.iris = mix(fair ? pick(kFairEyes, random) : pick(kDarkEyes, random), {0.6, 0.65, 0.7}, 0.25 * looks.sagging);
  looks.lip = mix(darker(looks.skin, 0.12), {0.78, 0.25, 0.28}, looks.female ? 0.42 : 0.26);
  if (looks.female && age > 15 && chance(random, 0.4)) looks.lip = mix(looks.lip, any_colour(random, 0.05, 0.4), 0.25);
  looks.lip = mix(looks.lip, looks.skin, 0.4 * looks.sagging);
  looks.clothes = any_colour(random, 0.1, age < 14 ? 0.95 : 0.75);
  looks.clothes2 = any_colour(random, 0.2, 0.95);
  looks.wall = any_colour(random, 0.25, 0.85);
  looks.wall2 = mix(looks.wall, any_colour(random, 0.1, 0.9), 0.5);
}

}  // namespace

Looks looks_of(double age, catalog::Gender gender, base::Random& random) {
  Looks looks;
  looks.female = gender == catalog::Gender::female || (gender == catalog::Gender::unknown && chance(random, 0.5));
  double apparent = std::max(0.0, age + std::min(2.5, 0.12 * age) * random.normal());
  looks.growth = std::pow(std::clamp(apparent / 19, 0.0, 1.0), 0.75);
  shape_head(looks, random);
  add_years(looks, apparent, random);
  colour(looks, apparent, random);
  looks.hair_style = hair_style(looks, apparent, random);
  looks.bow = looks.female && apparent < 9 && chance(random, 0.5);
  looks.smile = random.uniform(-0.15, 0.9);
  looks.teeth = looks.smile > 0.45 && apparent > 1.5 && chance(random, 0.7);
  return looks;
}

}  // namespace agewise::demo
