#include "agewise/report/curves.h"

namespace agewise::report {
namespace {

Plot plot_of(std::span<const train::EpochRecord> epochs, const char* title, double train::PartScores::*score) {
  Plot plot{title, {{"train", {}}, {"validation", {}}}};
  for (const train::EpochRecord& epoch : epochs) {
    plot.series[0].values.push_back(epoch.train.*score);
    plot.series[1].values.push_back(epoch.validation.*score);
  }
  plot.marked_epoch = best_epoch(epochs);
  return plot;
}

}  // namespace

Plot loss_plot(std::span<const train::EpochRecord> epochs) { return plot_of(epochs, "Loss", &train::PartScores::loss); }

Plot accuracy_plot(std::span<const train::EpochRecord> epochs) {
  Plot plot = plot_of(epochs, "Accuracy", &train::PartScores::accuracy);
  plot.share = true;
  return plot;
}

int best_epoch(std::span<const train::EpochRecord> epochs) {
  int best = 0;
  for (const train::EpochRecord& epoch : epochs) best = epoch.best ? epoch.epoch : best;
  return best;
}

}  // namespace agewise::report
