#include "agewise/report/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace agewise::report {
namespace {

Plot plot_of(std::span<const train::EpochRecord> epochs, const char* title, double train::PartScores::*score) {
  Plot plot{title, {{"train", {}}, {"validation", {}}}};
  for (const train::EpochRecord& epoch : epochs) {
    plot.series[0].values.push_back(epoch.train.*score);
    plot.series[1].values.push_back(epoch.validation.*score);
  }
  plot.marked_epoch = train::best_epoch(epochs);
  if (std::optional<AxisEnd> end = axis_end(epochs, score)) {
    plot.top = end->top;
    plot.beyond = end->beyond;
  }
  return plot;
}

}  // namespace

Plot loss_plot(std::span<const train::EpochRecord> epochs) { return plot_of(epochs, "Loss", &train::PartScores::loss); }

Plot accuracy_plot(std::span<const train::EpochRecord> epochs) {
  Plot plot = plot_of(epochs, "Accuracy", &train::PartScores::accuracy);
  plot.share = true;
  return plot;
}

std::optional<AxisEnd> axis_end(std::span<const train::EpochRecord> epochs, double train::PartScores::*score) {
  constexpr std::size_t kFewest = 4;
  constexpr double kSpike = 2, kRoom = 1.05;
  if (epochs.size() < kFewest) return std::nullopt;
  double others = 0;
  for (const train::EpochRecord& epoch : epochs.subspan(1)) {
    for (double value : {epoch.train.*score, epoch.validation.*score})
      if (std::isfinite(value)) others = std::max(others, value);
  }
  std::string beyond;
  for (const auto& [name, value] :
       {std::pair{"train", epochs[0].train.*score}, std::pair{"validation", epochs[0].validation.*score}}) {
    if (std::isfinite(value) && value > kSpike * others)
      beyond += fmt::format("{} {} {:.3g}", beyond.empty() ? "beyond the axis:" : ",", name, value);
  }
  if (others <= 0 || beyond.empty()) return std::nullopt;
  return AxisEnd{kRoom * others, fmt::format("{} in epoch {}", beyond, epochs[0].epoch)};
}

}  // namespace agewise::report
