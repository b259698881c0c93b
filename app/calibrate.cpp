// agewise calibrate MODEL --data STORE … -o FILE: a model with intervals around its estimates, and with the probability
// of being N years or older.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agewise/age/metrics.h"
#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/estimate/json.h"
#include "agewise/evaluate/coverage.h"
#include "agewise/evaluate/json.h"
#include "agewise/library/model.h"
#include "app/commands.h"
#include "app/coverage_text.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/outputs.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSplits = 20;

struct Arguments {
  std::string model, output, notes;
  std::vector<std::string> data, settings;
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

Json to_json(const estimate::Intervals& intervals, const evaluate::CoverageStudy& study, std::size_t pictures) {
  Json json{{"pictures", pictures}}, sources = Json::array();
  json.update(estimate::to_json(intervals));
  for (std::size_t i = 0; i < study.sources.size(); ++i) {
    sources.push_back(evaluate::to_json(study.sources[i]));
    sources.back()["reliability"] = evaluate::to_json(study.sources_reliability[i]);
  }
  json["study"] = {{"splits", study.splits},
                   {"mean", study.mean},
                   {"deviation", study.deviation},
                   {"lowest", study.lowest},
                   {"highest", study.highest},
                   {"mean_width", study.all.all.width},
                   {"all", evaluate::to_json(study.all)},
                   {"reliability", evaluate::to_json(study.reliability)},
                   {"sources", sources}};
  return json;
}

std::string error_of(const evaluate::Reliability& reliability) {
  return fmt::format("{:.1f}", 100 * reliability.error);
}

// By how much "N years or older" is off, over all and in each source.
std::string reliability_table(const evaluate::CoverageStudy& study, const std::vector<std::string>& sources) {
  std::vector<std::vector<std::string>> rows{{"N", "N or older %", "told %", "error %"}};
  if (sources.size() > 1) {
    for (const std::string& source : sources) rows.front().push_back(source);
  }
  for (const evaluate::Reliability& one : study.reliability) {
    rows.push_back({std::to_string(one.years), fmt::format("{:.1f}", 100 * one.all.older),
                    fmt::format("{:.1f}", 100 * one.all.told), error_of(one)});
    if (sources.size() < 2) continue;
    for (const std::vector<evaluate::Reliability>& source : study.sources_reliability) {
      auto same = std::ranges::find(source, one.years, &evaluate::Reliability::years);
      rows.back().push_back(same == source.end() ? "–" : error_of(*same));
    }
  }
  return table(rows);
}

void print_study(const evaluate::CoverageStudy& study, const std::vector<std::string>& sources) {
  print(coverage_table(study.all, study.sources) + "\n");
  std::string worst = worst_text(study.all);
  print(fmt::format(
      "calibrated on one half and measured on the other, {} times: {:.1f} % ± {:.1f} of the true ages inside, from "
      "{:.1f} to {:.1f} %{}; {:.1f} years wide on average\n",
      2 * study.splits, 100 * study.mean, 100 * study.deviation, 100 * study.lowest, 100 * study.highest,
      worst.empty() ? "" : "; " + worst, study.all.all.width));
  if (study.reliability.empty()) return;
  print("\n" + reliability_table(study, sources) +
        "the probability of being N years or older, by the same halves; error: expected calibration error, the mean "
        "difference in ten bins between what is told and what is so, mean over the halves\n");
}

std::vector<store::Store> open_stores(const std::vector<std::string>& files) {
  std::vector<store::Store> stores;
  for (const std::string& file : files) {
    stores.emplace_back(file);
    stores.back().check_complete();
  }
  return stores;
}

// What the model says of the val parts.
evaluate::CalibrationSet calibration_set(const Arguments& arguments, const estimate::Model& model,
                                         const std::vector<store::Store>& stores, const Context& context) {
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  evaluate::CalibrationSet set;
  for (const store::Store& store : stores) {
    ProgressLine line;
    std::vector<evaluate::Prediction> predictions =
        evaluate::predict(model, store, evaluate::part_to_evaluate(store, catalog::Split::val), *engine,
                          context.threads, context.stop, line.sink());
    line.clear();
    if (!std::ranges::all_of(predictions, [](const auto& one) { return std::isfinite(one.estimate); }))
      throw base::file_error(arguments.model, "gives estimates that are not numbers");
    evaluate::add(set, store.file().stem().string(), std::move(predictions));
  }
  return set;
}

// Of the pictures of each source whose age is exact.
std::string measured_text(const evaluate::CalibrationSet& set) {
  std::string text;
  for (std::size_t source = 0; source < set.source_names.size(); ++source) {
    std::vector<double> estimates, ages;
    for (std::size_t i = 0; i < set.sources.size(); ++i) {
      const evaluate::Prediction& one = set.predictions[i];
      if (set.sources[i] != source || one.face.age_range) continue;
      estimates.push_back(one.estimate);
      ages.push_back(one.face.age);
    }
    if (ages.empty()) continue;
    text += fmt::format("{}{}: mean absolute error {:.2f} years, mean signed error {:+.2f}, on {} pictures",
                        text.empty() ? "" : "; ", set.source_names[source], age::mean_absolute_error(estimates, ages),
                        age::mean_signed_error(estimates, ages), ages.size());
  }
  return text;
}

std::string intervals_text(const evaluate::CalibrationSet& set, const evaluate::CoverageStudy& study) {
  std::string worst = worst_text(study.all);
  return fmt::format(
      "{:.4g} % of true ages, for each group of decades, calibrated on {} val pictures ({}); measured by halves: "
      "{:.1f} % ± {:.1f}{}",
      100 * study.all.promised, set.predictions.size(), fmt::join(set.source_names, ", "), 100 * study.mean,
      100 * study.deviation, worst.empty() ? "" : ", " + worst);
}

void run(const Arguments& arguments, const Context& context) {
  std::filesystem::path model_file = library::model_file(arguments.model);
  std::vector<std::filesystem::path> inputs(arguments.data.begin(), arguments.data.end());
  inputs.insert(inputs.end(), {model_file, arguments.notes});
  check_output(arguments.output, OutputKind::safetensors, arguments.force, inputs);
  std::vector<store::Store> stores = open_stores(arguments.data);
  estimate::Model model = estimate::read_model(model_file);
  estimate::change_settings(model, arguments.settings, estimate::SettingsUse::estimates, warn);
  // Intervals are those of what `predict` and `serve` estimate, which never drop.
  recipe::PredictRecipe settings = model.recipe.predict;
  model.recipe.predict.dropout = model.recipe.predict.batch_statistics = false;
  if (arguments.half) estimate::round_to_half(model);
  std::map<std::string, std::string> notes = read_notes(arguments.notes);
  evaluate::CalibrationSet set = calibration_set(arguments, model, stores, context);
  model.recipe.predict = settings;
  evaluate::CoverageStudy study;
  try {
    model.intervals = evaluate::calibrate(set, arguments.coverage);
    study = evaluate::study_coverage(set, arguments.coverage, kSplits);
  } catch (const std::invalid_argument&) {
    throw base::UsageError(fmt::format("{}: too few val pictures ({}) for intervals of {:.4g} %",
                                       fmt::join(arguments.data, ", "), set.predictions.size(),
                                       100 * arguments.coverage));
  }
  std::erase_if(model.intervals->at_least, [&](const estimate::Sigmoid& sigmoid) {  // what could not be measured
    return std::ranges::find(study.reliability, sigmoid.years, &evaluate::Reliability::years) ==
           study.reliability.end();
  });
  notes.merge(model.notes);  // the user's words count, but for what is measured here
  model.notes = std::move(notes);
  model.notes["intervals"] = intervals_text(set, study);
  model.notes.erase("measured");
  if (std::string text = measured_text(set); !text.empty()) model.notes["measured"] = text;
  estimate::write_model(arguments.output, model);
  if (arguments.json) return print_json(to_json(*model.intervals, study, set.predictions.size()));
  print_study(study, set.source_names);
  print(fmt::format("{}: {} KB\n", arguments.output, std::filesystem::file_size(arguments.output) >> 10));
}

}  // namespace

void add_calibrate(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand(
      "calibrate",
      "Give a model intervals that contain the true age with a stated probability, for each decade of it, and the "
      "probability of being N years or older, measured on the val parts of stores");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, kModelHelp)->required();
  command
      ->add_option("--data", arguments->data,
                   "Face store; the model must not have been trained on its val part. May be repeated: stores, and the "
                   "sources that their labels name, then weigh the same in each decade")
      ->required()
      ->allow_extra_args(false);
  command->add_option("-o,--output", arguments->output, "Model file to write")->required();
  command
      ->add_option("--coverage", arguments->coverage,
                   "Probability that an interval contains the true age, in each decade of it; default: 0.9")
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
