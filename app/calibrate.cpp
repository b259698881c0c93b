// agewise calibrate MODEL --data STORE -o FILE: a model with intervals around its estimates.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agewise/age/metrics.h"
#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/estimate/json.h"
#include "agewise/evaluate/coverage.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/outputs.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr int kSplits = 20;

struct Arguments {
  std::string model, data, output, notes;
  std::vector<std::string> settings;
  double coverage = 0.9;
  bool half = false, json = false, force = false;
};

// Lines "key: text".
std::map<std::string, std::string> read_notes(const std::string& file) {
  constexpr std::size_t kMost = 65536;
  std::map<std::string, std::string> notes;
  if (file.empty()) return notes;
  std::istringstream lines(base::read_text_file(file, kMost));
  for (std::string line; std::getline(lines, line);) {
    std::size_t colon = line.find(": ");
    if (colon == std::string::npos) throw base::file_error(file, "a line is not \"key: text\": " + line);
    notes[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return notes;
}

nlohmann::ordered_json to_json(const estimate::Intervals& intervals, const evaluate::CoverageStudy& study,
                               std::size_t pictures) {
  nlohmann::ordered_json json{{"pictures", pictures}};
  json.update(estimate::to_json(intervals));
  json["study"] = {{"splits", study.splits}, {"mean", study.mean},       {"deviation", study.deviation},
                   {"lowest", study.lowest}, {"highest", study.highest}, {"mean_width", study.width}};
  return json;
}

void print_intervals(const estimate::Intervals& intervals, const evaluate::CoverageStudy& study) {
  std::vector<std::vector<std::string>> rows{{"estimates from", "years below", "years above"}};
  for (const estimate::IntervalBand& band : intervals.bands)
    rows.push_back(
        {fmt::format("{:.1f}", band.from), fmt::format("{:.1f}", band.below), fmt::format("{:.1f}", band.above)});
  print(table(rows) + "\n");
  print(fmt::format(
      "calibrated on one half and measured on the other, {} times: {:.1f} % ± {:.1f} of the true ages inside, from "
      "{:.1f} to {:.1f} %; {:.1f} years wide on average\n",
      2 * study.splits, 100 * study.mean, 100 * study.deviation, 100 * study.lowest, 100 * study.highest, study.width));
}

void run(const Arguments& arguments, const Context& context) {
  std::filesystem::path model_file = train::model_file_of(arguments.model);
  check_output(arguments.output, OutputKind::safetensors, arguments.force,
               {model_file, arguments.data, arguments.notes});
  store::Store store(arguments.data);
  store.check_complete();
  estimate::Model model = estimate::read_model(model_file);
  estimate::change_settings(model, arguments.settings, estimate::SettingsUse::estimates, warn);
  // Intervals are those of what `predict` and `serve` estimate, which never drop.
  recipe::PredictRecipe settings = model.recipe.predict;
  model.recipe.predict.dropout = model.recipe.predict.batch_statistics = false;
  if (arguments.half) estimate::round_to_half(model);
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  ProgressLine line;
  std::map<std::string, std::string> notes = read_notes(arguments.notes);
  std::vector<evaluate::Prediction> predictions =
      evaluate::predict(model, store, evaluate::part_to_evaluate(store, catalog::Split::val), *engine, context.threads,
                        context.stop, line.sink());
  line.clear();
  model.recipe.predict = settings;
  evaluate::take_ranges(predictions);  // an interval is measured by exact ages
  std::vector<double> estimates, ages;
  for (const evaluate::Prediction& one : predictions) {
    if (!std::isfinite(one.estimate)) throw base::file_error(arguments.model, "gives estimates that are not numbers");
    estimates.push_back(one.estimate);
    ages.push_back(one.face.age);
  }
  evaluate::CoverageStudy study;
  try {
    model.intervals = estimate::calibrate(estimates, ages, arguments.coverage);
    study = evaluate::study_coverage(predictions, arguments.coverage, kSplits);
  } catch (const std::invalid_argument&) {
    throw base::UsageError(fmt::format("{}: has too few val pictures ({}) for intervals of {:.4g} %",
                                       store.file().string(), predictions.size(), 100 * arguments.coverage));
  }
  model.notes["intervals"] =
      fmt::format("{:.4g} % of true ages, calibrated on {} val pictures; measured by halves: {:.1f} % ± {:.1f}",
                  100 * arguments.coverage, predictions.size(), 100 * study.mean, 100 * study.deviation);
  model.notes["measured"] = fmt::format(
      "mean absolute error {:.2f} years, mean signed error {:+.2f}, on the same {} pictures",
      age::mean_absolute_error(estimates, ages), age::mean_signed_error(estimates, ages), predictions.size());
  model.notes.merge(std::move(notes));
  estimate::write_model(arguments.output, model);
  if (arguments.json) return print_json(to_json(*model.intervals, study, predictions.size()));
  print_intervals(*model.intervals, study);
  print(fmt::format("{}: {} KB\n", arguments.output, std::filesystem::file_size(arguments.output) >> 10));
}

}  // namespace

void add_calibrate(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "calibrate",
      "Give a model intervals that contain the true age with a stated probability, measured on a store's val part");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, "Model file, or run (its best checkpoint)")->required();
  command->add_option("--data", arguments->data, "Face store; the model must not have been trained on its val part")
      ->required();
  command->add_option("-o,--output", arguments->output, "Model file to write")->required();
  command
      ->add_option("--coverage", arguments->coverage,
                   "Probability that an interval contains the true age; default: 0.9")
      ->check(CLI::Range(0.5, 0.99));
  command->add_option(
      "--notes", arguments->notes,
      "Text file with lines such as \"licence: research only\", stored in the model and printed by `info`");
  add_settings_option(*command, arguments->settings);
  command->add_flag("--half", arguments->half, "Store the weights in half precision, which halves the file");
  add_force_option(*command, arguments->force);
  command->add_flag("--json", arguments->json, "Print the figures as JSON");
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
