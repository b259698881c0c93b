#include "agewise/face/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "agewise/image/resize.h"

namespace agewise::face {
namespace {

constexpr int kSide = 64;

double deviation(double sum, double squares, double n) {
  return std::sqrt(std::max(0.0, squares / n - (sum / n) * (sum / n)));
}

// Of a cut, what is left without the margin: its hair, or the edge of the picture, may be sharp around a blurred face.
image::Image without_margin(const image::Image& cut, double margin) {
  if (margin <= 0) return cut;
  auto edge = [margin](int size) { return static_cast<int>(std::lround(size * margin / (1 + 2 * margin))); };
  int left = edge(cut.width), top = edge(cut.height);
  image::Image face =
      image::make_image(std::max(1, cut.width - 2 * left), std::max(1, cut.height - 2 * top), cut.channels);
  for (int y = 0; y < face.height; ++y)
    std::copy_n(cut.row(top + y) + left * cut.channels, face.width * face.channels, face.row(y));
  return face;
}

}  // namespace

double detail_of(const image::Image& face) {
  image::Image grey = image::resize(image::to_grey(face), kSide, kSide);
  double sum = 0, squares = 0, edges = 0, edge_squares = 0, n = 0;
  for (int y = 1; y + 1 < kSide; ++y) {
    const std::uint8_t *above = grey.row(y - 1), *row = grey.row(y), *below = grey.row(y + 1);
    for (int x = 1; x + 1 < kSide; ++x) {
      double edge = above[x] + below[x] + row[x - 1] + row[x + 1] - 4.0 * row[x];
      sum += row[x];
      squares += static_cast<double>(row[x]) * row[x];
      edges += edge;
      edge_squares += edge * edge;
      ++n;
    }
  }
  double contrast = deviation(sum, squares, n);
  return contrast > 0 ? deviation(edges, edge_squares, n) / contrast : 0;
}

Quality quality_of(const FaceCut& cut, double margin) {
  if (!cut.face) return Quality::fine;
  if (cut.face->box.right - cut.face->box.left < kSmallestFace) return Quality::too_small;
  return detail_of(without_margin(cut.image, margin)) < kLeastDetail ? Quality::too_blurred : Quality::fine;
}

std::string refusal_of(const FaceCut& cut, double margin) {
  switch (quality_of(cut, margin)) {
    case Quality::fine:
      return "";
    case Quality::too_small:
      return fmt::format("too small: {:.0f} pixels wide, {:.0f} are needed", cut.face->box.right - cut.face->box.left,
                         kSmallestFace);
    case Quality::too_blurred:
      return "too blurred";
  }
  throw std::logic_error("a quality that does not exist");
}

}  // namespace agewise::face
