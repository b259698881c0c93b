#include "app/run_text.h"

#include <fmt/format.h>

#include <cmath>

#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr const char* kHead =
    "epoch   train: loss   acc. %    MAE   validation: loss   acc. %    MAE   images/s  wait s   left\n"
    "-----  ------------  -------  -----  -----------------  -------  -----  ---------  ------  -----\n";

std::string pace(double images_per_second) {
  return with_thousands(static_cast<std::uint64_t>(std::lround(images_per_second)));
}

std::string two_places(double number) { return fmt::format("{:.2f}", number); }

// The number as `text` puts it, or a dash where it is not known.
std::string known(double number, std::string (*text)(double)) { return std::isfinite(number) ? text(number) : "-"; }

}  // namespace

std::string epoch_line(const train::EpochRecord& r, bool with_head) {
  std::string by_store;
  for (const train::PartScores& scores : r.validation_by_store)
    by_store += (by_store.empty() ? "  MAE by store: " : ", ") + known(scores.mae, two_places);
  return fmt::format("{}{:5}  {:12.4f}  {:7.2f}  {:5.2f}  {:17.4f}  {:7.2f}  {:5.2f}  {:>9}  {:6.1f}  {:>5}{}{}\n",
                     with_head ? kHead : "", r.epoch, r.train.loss, 100 * r.train.accuracy, r.train.mae,
                     r.validation.loss, 100 * r.validation.accuracy, r.validation.mae, known(r.images_per_second, pace),
                     r.wait_seconds, known(r.seconds_left, duration_text), by_store, r.best ? "  best" : "");
}

nlohmann::ordered_json to_json(const std::vector<train::EpochRecord>& log) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const train::EpochRecord& record : log) json.push_back(nlohmann::ordered_json::parse(train::to_line(record)));
  return json;
}

}  // namespace agewise::app
