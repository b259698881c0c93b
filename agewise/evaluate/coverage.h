// Whether intervals hold what they promise: measured on pictures that they were not calibrated on.
#pragma once
#include <span>

#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

struct CoverageStudy {
  int splits = 0;
  double mean = 0, deviation = 0, lowest = 0, highest = 0;  // share of true ages inside, 0 … 1, over 2 · splits halves
  double width = 0;                                         // years, mean of all intervals
};

// Cuts `predictions` into halves `splits` times at random, persons and groups of duplicates whole; each half is
// calibrated on and measured with the other. Throws std::invalid_argument as calibrate() does for too few pictures.
CoverageStudy study_coverage(std::span<const Prediction> predictions, double coverage, int splits);

}  // namespace agewise::evaluate
