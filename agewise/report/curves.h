// What a run's log looks like.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "agewise/report/plot.h"
#include "agewise/train/log.h"

namespace agewise::report {

Plot loss_plot(std::span<const train::EpochRecord> epochs);      // loss.png
Plot accuracy_plot(std::span<const train::EpochRecord> epochs);  // accuracy.png

// Where an axis ends that a first epoch far above all others would flatten, as one with too high a rate leaves it.
struct AxisEnd {
  double top;          // somewhat above the largest value of the other epochs
  std::string beyond;  // "beyond the axis: train 12.3 in epoch 1"
};

// Nothing where the first epoch is not more than twice as high as all others, or there are fewer than four.
std::optional<AxisEnd> axis_end(std::span<const train::EpochRecord> epochs, double train::PartScores::*score);

}  // namespace agewise::report
