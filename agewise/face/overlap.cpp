#include "agewise/face/overlap.h"

namespace agewise::face {

double shared_area(const image::Box& a, const image::Box& b) {
  double across = std::min(a.right, b.right) - std::max(a.left, b.left);
  double along = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  return across <= 0 || along <= 0 ? 0 : across * along;
}

double overlap(const image::Box& a, const image::Box& b) {
  double both = shared_area(a, b);
  if (both == 0) return 0;
  return both / ((a.right - a.left) * (a.bottom - a.top) + (b.right - b.left) * (b.bottom - b.top) - both);
}

}  // namespace agewise::face
