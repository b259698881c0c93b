#include "demo/paint.h"

namespace agewise::demo {

Paint mix(Paint a, Paint b, double share_of_b) {
  double share_of_a = 1 - share_of_b;
  return {a.red * share_of_a + b.red * share_of_b, a.green * share_of_a + b.green * share_of_b,
          a.blue * share_of_a + b.blue * share_of_b};
}

Paint darker(Paint colour, double by) { return mix(colour, {0, 0, 0}, by); }
Paint lighter(Paint colour, double by) { return mix(colour, {1, 1, 1}, by); }

}  // namespace agewise::demo
