#include "agewise/face/overlap.h"

namespace agewise::face {

double overlap(const image::Box& a, const image::Box& b) {
  double across = std::min(a.right, b.right) - std::max(a.left, b.left);
  double along = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (across <= 0 || along <= 0) return 0;
  double both = across * along;
  return both / ((a.right - a.left) * (a.bottom - a.top) + (b.right - b.left) * (b.bottom - b.top) - both);
}

}  // namespace agewise::face
