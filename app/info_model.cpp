// agewise info MODEL|RUN: a model's card; of a run its best checkpoint's, and its epochs.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agewise/estimate/json.h"
#include "agewise/train/log.h"
#include "agewise/train/run_folder.h"
#include "app/info.h"
#include "app/run_text.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

std::string preprocessing_of(const estimate::Model& model) {
  const recipe::Recipe& recipe = model.recipe;
  std::string text =
      fmt::format("{} faces of {}×{} pixels, ", recipe.face.colour == recipe::Colour::grey ? "grey" : "colour",
                  recipe.face.size, recipe.face.size);
  if (model.whitening) {
    const whiten::Zca& zca = *model.whitening;
    return text + fmt::format("ZCA-whitened by {} components{}, fitted on {} pictures, ε = {:.4g}", zca.components(),
                              zca.identity_scale > 0 ? " and identity" : "", with_thousands(zca.fitted_on),
                              zca.epsilon);
  }
  if (!recipe.network.mean.empty()) text += fmt::format("minus {}, ", fmt::join(recipe.network.mean, " "));
  return text + fmt::format("times {:.6g}{}", recipe.network.scale, recipe.network.bgr ? ", blue first" : "");
}

// Scores are distances from the estimate, in widths of the model's own distribution (estimate/interval.h).
std::string intervals_table(const estimate::Intervals& intervals) {
  std::string head = fmt::format("{:.4g} % interval", 100 * intervals.coverage);
  std::vector<std::vector<std::string>> rows;
  if (!intervals.groups.empty()) rows.push_back({head + ", true ages from", "lowest score", "highest score"});
  for (const estimate::AgeGroup& group : intervals.groups)
    rows.push_back(
        {fmt::format("{:.0f}", group.from), fmt::format("{:.2f}", group.low), fmt::format("{:.2f}", group.high)});
  if (!intervals.bands.empty()) rows.push_back({head + ", estimates from", "years below", "years above"});
  for (const estimate::IntervalBand& band : intervals.bands)
    rows.push_back(
        {fmt::format("{:.1f}", band.from), fmt::format("{:.1f}", band.below), fmt::format("{:.1f}", band.above)});
  return table(rows);
}

std::string at_least_text(const std::vector<estimate::Sigmoid>& at_least) {
  if (at_least.empty()) return "";
  return fmt::format("the probability of being N years or older is calibrated for N from {} to {}\n",
                     at_least.front().years, at_least.back().years);
}

void print_json_card(const estimate::Model& model, const std::vector<train::EpochRecord>& log) {
  nlohmann::ordered_json card = estimate::card_of(model);
  if (!log.empty()) card["epochs"] = to_json(log);
  print_json(card);
}

void print_card(const std::filesystem::path& file, const estimate::Model& model,
                const std::vector<train::EpochRecord>& log) {
  print(fmt::format("{}: a model by recipe {}, {} parameters\n{}\n\npictures: {}\n\n", file.string(), model.recipe.name,
                    with_thousands(model.parameters.size()), model.recipe.description, preprocessing_of(model)));
  std::vector<std::vector<std::string>> layers{{"layer", "kind", "gives", "parameters"}};
  for (const estimate::LayerCard& card : estimate::layers_of(model)) {
    layers.push_back({card.name, card.kind, card.shape, with_thousands(static_cast<std::uint64_t>(card.parameters))});
  }
  print(table(layers) + "\n");
  std::vector<std::vector<std::string>> classes{{"class", "stands for"}};
  for (int c = 0; c < model.classes.count(); ++c) {
    classes.push_back({model.classes.names[c], fmt::format("{:.1f}", model.classes.values[c])});
  }
  print(table(classes));
  if (model.intervals)
    print("\n" + intervals_table(*model.intervals) + "\n" + at_least_text(model.intervals->at_least));
  for (const auto& [name, text] : model.notes) print(fmt::format("\n{}: {}", name, text));
  if (!model.notes.empty()) print("\n");
  if (!log.empty()) print("\n");
  for (std::size_t i = 0; i < log.size(); ++i) print(epoch_line(log[i], i == 0));
}

}  // namespace

void info_model(const InfoOptions& options) {
  std::filesystem::path file = train::model_file_of(options.path);
  estimate::Model model = estimate::read_model(file);
  std::vector<train::EpochRecord> log;
  if (train::is_run(options.path)) log = train::read_log(train::RunFolder{options.path}.log());
  options.json ? print_json_card(model, log) : print_card(file, model, log);
}

}  // namespace agewise::app
