#include "demo/picture.h"

#include <algorithm>
#include <string_view>

#include "agewise/image/encode.h"
#include "demo/camera.h"
#include "demo/pen.h"
#include "demo/portrait.h"

namespace agewise::demo {
namespace {

// A landscape: where the detector found no face there is none.
image::Image draw_landscape(int width, int height, base::Random& random) {
  Pen pen(width, height);
  Paint sky{random.uniform(0.3, 0.9), random.uniform(0.4, 0.8), random.uniform(0.6, 1)};
  pen.rectangle(0, 0, width, height).blend(sky, 1, 0, 0, lighter(sky, 0.6), 1, 0, height * 0.7);
  double sun = random.uniform(0.06, 0.12) * width, x = random.uniform(0.1, 0.9) * width;
  pen.ellipse(x, 0.25 * height, sun, sun).fill({1, 0.93, 0.6});
  for (int i = 0; i < 4; ++i) {
    double top = height * (0.45 + 0.13 * i), bend = height * random.uniform(-0.15, 0.15);
    Paint hill = darker({random.uniform(0.2, 0.6), random.uniform(0.4, 0.7), random.uniform(0.2, 0.4)}, 0.12 * i);
    pen.move(0, top).curve(0.3 * width, top - bend, 0.6 * width, top + bend, width, top - 0.5 * bend);
    pen.line(width, height).line(0, height).close().fill(hill);
  }
  return photographed(pen.image(), random);
}

void paste(const image::Image& from, image::Image& to, int left) {
  for (int y = 0; y < std::min(from.height, to.height); ++y)
    std::copy_n(from.row(y), from.width * 3, to.row(y) + std::ptrdiff_t{left} * 3);
}

// Two people side by side, the one of the label to the left.
image::Image draw_pair(CastMember& member, base::Random& random) {
  int half = member.width / 2;
  double age_of_other = random.uniform(5, 80);
  Portrait left = draw_portrait(member.age, member.gender, half, member.height, random);
  random.bits();  // so that the other is not the same
  Portrait right = draw_portrait(age_of_other, catalog::Gender::unknown, member.width - half, member.height, random);
  member.row.face = left.face;
  image::Image pair = image::make_image(member.width, member.height, 3);
  paste(image::to_rgb(std::move(left.image)), pair, 0);
  paste(image::to_rgb(std::move(right.image)), pair, half);
  return pair;
}

image::Image draw(CastMember& member, base::Random& random) {
  if (member.flaw == Flaw::no_face) return draw_landscape(member.width, member.height, random);
  if (member.flaw == Flaw::second_face) return draw_pair(member, random);
  Portrait portrait = draw_portrait(member.age, member.gender, member.width, member.height, random);
  member.row.face = portrait.face;
  return std::move(portrait.image);
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

}  // namespace

std::vector<std::byte> draw_picture(CastMember& member, base::Random random) {
  image::Image image = draw(member, random);
  switch (member.flaw) {
    case Flaw::empty_file:
      return {};
    case Flaw::web_page:
      return bytes_of("<!DOCTYPE html><title>404 Not Found</title><h1>Not Found</h1>\n");
    case Flaw::one_pixel:
      return image::encode_jpeg(image::make_image(1, 1, 3), 90);
    case Flaw::png:
      return image::encode_png(image);
    default:
      break;
  }
  std::vector<std::byte> file = image::encode_jpeg(image, static_cast<int>(random.uniform(55, 96)));
  if (member.flaw == Flaw::truncated_file) file.resize(file.size() * 2 / 3);
  return file;
}

}  // namespace agewise::demo
