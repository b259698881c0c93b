// Curves over epochs, drawn as a picture.
#pragma once
#include <string>
#include <vector>

#include "agewise/image/image.h"

namespace agewise::report {

struct Series {
  std::string name;
  std::vector<double> values;  // of epoch 1, 2, …; what is not finite, or beyond ±1e12, leaves a gap
};

struct Plot {
  std::string title;
  std::vector<Series> series;
  bool share = false;    // values from 0 to 1, shown as percent
  int marked_epoch = 0;  // a line at the best one; 0: none
  double top = 0;        // the axis ends here, and curves that go beyond are cut off; 0: at the largest value
  std::string beyond;    // what lies above it, in words
};

image::Image draw_plot(const Plot& plot, int width = 1000, int height = 560);

// Multiples of 1, 2 or 5 times a power of ten that lie within low … high, at most `most` ≥ 2 of them. low < high.
std::vector<double> round_ticks(double low, double high, int most);

}  // namespace agewise::report
