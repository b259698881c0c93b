// What a run's log looks like.
#pragma once
#include <span>

#include "agewise/report/plot.h"
#include "agewise/train/log.h"

namespace agewise::report {

Plot loss_plot(std::span<const train::EpochRecord> epochs);      // loss.png
Plot accuracy_plot(std::span<const train::EpochRecord> epochs);  // accuracy.png

// The number of the best epoch so far; 0 if there is none.
int best_epoch(std::span<const train::EpochRecord> epochs);

}  // namespace agewise::report
