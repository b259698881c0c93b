// Colours to draw with.
#pragma once

namespace agewise::demo {

struct Paint {
  double red = 0, green = 0, blue = 0;  // 0..1
};

Paint mix(Paint a, Paint b, double share_of_b);
Paint darker(Paint colour, double by);  // 0 as it is, 1 black
Paint lighter(Paint colour, double by);

}  // namespace agewise::demo
