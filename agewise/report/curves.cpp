#include "agewise/report/curves.h"

namespace agewise {
namespace {

Plot plot_of(std::span<const EpochRecord> epochs, const char* title, double PartScores::*score) {
  Plot plot{title, {{"train", {}}, {"validation", {}}}};
  for (const EpochRecord& epoch : epochs) {
    plot.series[0].values.push_back(epoch.train.*score);
    plot.series[1].values.push_back(epoch.validation.*score);
  }
  plot.marked_epoch = best_epoch(epochs);
  return plot;
}

}  // namespace

Plot loss_plot(std::span<const EpochRecord> epochs) { return plot_of(epochs, "Loss", &PartScores::loss); }

Plot accuracy_plot(std::span<const EpochRecord> epochs) {
  Plot plot = plot_of(epochs, "Accuracy", &PartScores::accuracy);
  plot.share = true;
  return plot;
}

int best_epoch(std::span<const EpochRecord> epochs) {
  int best = 0;
  for (const EpochRecord& epoch : epochs) best = epoch.best ? epoch.epoch : best;
  return best;
}

}  // namespace agewise
