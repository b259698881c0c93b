// agewise evaluate RUN|MODEL --data STORE: how good a network is, beside what guessing would give.
#include "agewise/evaluate/evaluate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/evaluate/json.h"
#include "agewise/evaluate/reliability.h"
#include "agewise/library/surroundings.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"
#include "app/coverage_text.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/outputs.h"
#include "app/run_report.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string model, split, report;
  std::vector<std::string> data, settings;
  bool other_cut = false, json = false, force = false;
};

using Rows = std::vector<std::vector<std::string>>;
using Json = nlohmann::ordered_json;

std::optional<catalog::Split> wanted_split(const std::string& name) {
  static const std::map<std::string, catalog::Split> kParts{
      {"train", catalog::Split::train}, {"val", catalog::Split::val}, {"test", catalog::Split::test}};
  auto part = kParts.find(name);
  return part == kParts.end() ? std::nullopt : std::optional(part->second);
}

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }
// A dash where there is none, as estimates are missing.
std::string years(double value, bool with_sign = false) {
  if (std::isnan(value)) return "–";
  return with_sign ? fmt::format("{:+.2f}", value) : fmt::format("{:.2f}", value);
}

void add_rows(Rows& rows, const std::vector<evaluate::Group>& groups, bool with_epsilon) {
  for (const evaluate::Group& group : groups) {
    rows.push_back({group.name, with_thousands(static_cast<std::uint64_t>(group.pictures)),
                    percent(group.model.accuracy), percent(group.baseline.accuracy), years(group.model.mae),
                    years(group.baseline.mae), years(group.model.mean_error, /*with_sign=*/true)});
    for (double share : group.model.cs) rows.back().push_back(fmt::format("{:.1f}", share));
    if (with_epsilon)
      rows.back().push_back(group.model.epsilon_error ? fmt::format("{:.3f}", *group.model.epsilon_error) : "");
  }
}

std::vector<std::string> groups_head(bool with_epsilon) {
  std::vector<std::string> head{"", "pictures", "accuracy %", "majority %", "MAE", "MAE of mean age", "bias"};
  for (double k : evaluate::kScoreYears) head.push_back(fmt::format("CS@{}", k));
  if (with_epsilon) head.emplace_back("ε-error");
  return head;
}

std::string groups_table(const evaluate::Evaluation& evaluation) {
  bool with_epsilon = evaluation.all.model.epsilon_error.has_value();
  Rows rows{groups_head(with_epsilon)};
  for (const std::vector<evaluate::Group>& groups :
       {std::vector{evaluation.all}, evaluation.decades, evaluation.genders, evaluation.races, evaluation.sources}) {
    add_rows(rows, groups, with_epsilon);
  }
  return table(rows);
}

std::string confusion_table(const evaluate::Evaluation& evaluation) {
  Rows rows{{"actual \\ predicted"}};
  for (const std::string& name : evaluation.class_names) rows[0].push_back(name);
  for (std::size_t truth = 0; truth < evaluation.confusion.size(); ++truth) {
    rows.push_back({evaluation.class_names[truth]});
    for (std::int64_t count : evaluation.confusion[truth])
      rows.back().push_back(with_thousands(static_cast<std::uint64_t>(count)));
  }
  return table(rows);
}

std::string worst_table(const evaluate::Evaluation& evaluation) {
  Rows rows{{"worst mistakes", "label row", "age", "estimate"}};
  for (const evaluate::Prediction& prediction : evaluation.worst) {
    rows.push_back({prediction.face.file, std::to_string(prediction.face.row),
                    fmt::format("{:.0f}", prediction.face.age),
                    std::isnan(prediction.estimate) ? "–" : fmt::format("{:.1f}", prediction.estimate)});
    if (rows.size() > 10) break;
  }
  return table(rows);
}

std::vector<std::string> row_of(const evaluate::RangeScores& scores) {
  return {scores.name,
          with_thousands(static_cast<std::uint64_t>(scores.pictures)),
          percent(scores.inside),
          percent(scores.near),
          years(scores.distance),
          years(scores.mean_distance, /*with_sign=*/true)};
}

std::string ranges_text(const evaluate::Ranges& ranges) {
  Rows rows{{"age known as a range", "pictures", "inside %", fmt::format("within {} years %", evaluate::kNear),
             "years off", "bias"}};
  rows.push_back(row_of(ranges.all));
  for (const evaluate::RangeScores& group : ranges.groups) rows.push_back(row_of(group));
  return table(rows);
}

std::string coverage_text(const evaluate::Coverage& coverage) {
  std::string worst = worst_text(coverage);
  std::string text = fmt::format(
      "intervals of {:.4g} %: {:.1f} % of the true ages inside{}; {:.1f} years wide on average\n",
      100 * coverage.promised, 100 * coverage.all.share, worst.empty() ? "" : "; " + worst, coverage.all.width);
  if (coverage.untold == 0) return text;
  text += fmt::format("no age is told of {:.1f} % of the pictures (predict.widest_interval)",
                      100 * coverage.untold / coverage.all.pictures);
  if (!coverage.told) return text + "\n";
  return text + fmt::format("; of the others {:.1f} % of the true ages are inside; {:.1f} years wide on average\n",
                            100 * coverage.told->share, coverage.told->width);
}

std::string reliability_text(const std::vector<evaluate::Reliability>& reliability) {
  const evaluate::Reliability& worst = evaluate::least_reliable(reliability);
  return fmt::format(
      "probability of being N years or older, N from {} to {}: expected calibration error at most {:.1f} % "
      "(N = {})\n",
      reliability.front().years, reliability.back().years, 100 * worst.error, worst.years);
}

constexpr std::size_t kMostClassesShown = 12;  // a wider matrix is for the report

void print_evaluation(const evaluate::Evaluation& evaluation, const std::vector<std::string>& sentences) {
  print(fmt::format("{} part, {} pictures\n\n", catalog::name_of(evaluation.part),
                    with_thousands(static_cast<std::uint64_t>(evaluation.all.pictures))));
  print(groups_table(evaluation) + "\n");
  if (evaluation.class_names.size() <= kMostClassesShown) print(confusion_table(evaluation) + "\n");
  print(worst_table(evaluation));
  if (evaluation.members) {
    const evaluate::Members& m = *evaluation.members;
    print(
        fmt::format("\nensemble of {}: MAE {:.2f}; its members alone: {:.2f} on average ({:.2f} to {:.2f}); deviation "
                    "of their ages: {:.2f} years\n",
                    m.count, evaluation.all.model.mae, m.mean_mae, m.best_mae, m.worst_mae, m.spread));
  }
  if (evaluation.coverage)
    print("\n" + coverage_text(*evaluation.coverage) + "\n" + coverage_table(*evaluation.coverage));
  if (!evaluation.reliability.empty()) print("\n" + reliability_text(evaluation.reliability));
  if (evaluation.gender_accuracy)
    print(fmt::format("\ngender correct in {} % of the pictures whose gender is known\n",
                      percent(*evaluation.gender_accuracy)));
  if (evaluation.ranges) print("\n" + ranges_text(*evaluation.ranges));
  for (const std::string& sentence : sentences) print("\n" + sentence + "\n");
}

bool is_own_store(const Arguments& arguments) {
  if (arguments.data.empty()) return true;
  std::error_code moved;  // a run's store need no longer be where it was
  std::vector<train::StoreOfRun> own = train::read_metadata({arguments.model}).stores;
  return own.size() == 1 && std::filesystem::equivalent(arguments.data.front(), own.front().file, moved);
}

// Where the report goes to: what was asked for, or a run's own one if it is evaluated as it is on its own store.
std::filesystem::path report_file(const Arguments& arguments) {
  if (!arguments.report.empty() || !arguments.settings.empty() || !train::is_run(arguments.model) ||
      !is_own_store(arguments))
    return arguments.report;
  return std::filesystem::path(arguments.model) / "report.html";
}

// Of several processes the first prints and writes.
bool is_first(const Context& context) { return context.communicator.rank() == 0; }

evaluate::Evaluation evaluation_of(const estimate::Model& model, const store::Store& store, nn::Engine& engine,
                                   const Arguments& arguments, const Context& context) {
  catalog::Split part = evaluate::part_to_evaluate(store, wanted_split(arguments.split));
  ProgressLine line;
  std::vector<evaluate::Prediction> predictions = evaluate::predict(
      model, store, part, engine, context.threads, context.stop, is_first(context) ? line.sink() : base::ProgressSink(),
      arguments.other_cut ? evaluate::OtherCut::measured : evaluate::OtherCut::refused, context.communicator);
  line.clear();
  return evaluate::evaluation_of(std::move(predictions), part, model, store);
}

// Of a part without a single exact age.
void print_ranges(const evaluate::Evaluation& evaluation, const std::vector<std::string>& sentences) {
  print(
      fmt::format("{} part, no exact ages\n\n{}", catalog::name_of(evaluation.part), ranges_text(*evaluation.ranges)));
  if (!evaluation.reliability.empty()) print("\n" + reliability_text(evaluation.reliability));
  for (const std::string& sentence : sentences) print("\n" + sentence + "\n");
}

// The model as it is to be measured, and what of its settings is not as in its file.
struct Measured {
  estimate::Model model;
  std::string settings;
};

Measured measured_model(const Arguments& arguments, const Context& context) {
  Measured measured{estimate::read_model(train::model_file_of(arguments.model)), ""};
  // Of its warning, that there are no intervals then, nothing matters here.
  recipe::Notice notice = is_first(context) ? recipe::Notice(warn) : recipe::Notice();
  measured.settings =
      estimate::change_settings(measured.model, arguments.settings, estimate::SettingsUse::evaluation, notice).text;
  return measured;
}

// One model on several stores: a row a store.
void run_on_each(const Arguments& arguments, const Context& context) {
  if (!arguments.report.empty()) throw base::UsageError("--report is for a single store: name one (--data)");
  auto [model, settings] = measured_model(arguments, context);
  nn::TuningCache choices;
  std::unique_ptr<nn::Engine> engine = engine_for_all(context, model.graph, model.recipe.train.batch, choices);
  Rows rows{groups_head(/*with_epsilon=*/true)};
  Json json = Json::array();
  std::string remarks;
  for (const std::string& data : arguments.data) {
    store::Store store = evaluate::store_for(arguments.model, data);
    evaluate::Evaluation evaluation = evaluation_of(model, store, *engine, arguments, context);
    evaluation.other_settings = settings;
    if (evaluation.ranges) remarks += fmt::format("\n{}\n{}", data, ranges_text(*evaluation.ranges));
    if (evaluation.coverage) remarks += fmt::format("\n{}: {}", data, coverage_text(*evaluation.coverage));
    if (!evaluation.reliability.empty())
      remarks += fmt::format("\n{}: {}", data, reliability_text(evaluation.reliability));
    json.push_back(evaluate::to_json(evaluation, model));
    json.back()["store"] = data;
    for (const std::string& sentence : evaluate::caveats(evaluation, model))
      remarks += fmt::format("\n{}: {}\n", data, sentence);
    if (evaluation.all.pictures == 0) continue;
    evaluation.all.name = fmt::format("{}, {}", data, catalog::name_of(evaluation.part));
    add_rows(rows, {evaluation.all}, /*with_epsilon=*/true);
  }
  if (!is_first(context)) return;
  arguments.json ? print_json(json) : print(table(rows) + remarks);
}

// Those that a run was trained on, if it was on more than one.
std::vector<std::string> several_stores_of(const std::string& model) {
  if (!train::is_run(model)) return {};
  std::vector<std::string> files;
  for (const train::StoreOfRun& one : train::read_metadata({model}).stores) files.push_back(one.file);
  if (files.size() == 1) files.clear();
  return files;
}

void run(Arguments arguments, const Context& context) {
  if (arguments.model.empty()) {
    if (arguments.data.empty()) throw base::UsageError("give a MODEL, a --data STORE, or both");
    arguments.model = library::bundled_model(library::kDefaultModel).string();
  } else {
    arguments.model = library::named_model(arguments.model).string();
  }
  if (!arguments.report.empty() && is_first(context)) {
    std::vector<std::filesystem::path> inputs(arguments.data.begin(), arguments.data.end());
    inputs.emplace_back(arguments.model);
    check_output(arguments.report, OutputKind::html, arguments.force, inputs);
  }
  if (arguments.data.empty()) arguments.data = several_stores_of(arguments.model);
  if (arguments.data.size() > 1) return run_on_each(arguments, context);
  store::Store store = evaluate::store_for(arguments.model, arguments.data.empty() ? "" : arguments.data.front());
  auto [model, settings] = measured_model(arguments, context);
  nn::TuningCache choices;
  std::unique_ptr<nn::Engine> engine = engine_for_all(context, model.graph, model.recipe.train.batch, choices);
  evaluate::Evaluation evaluation = evaluation_of(model, store, *engine, arguments, context);
  evaluation.other_settings = settings;
  if (!is_first(context)) return;
  bool has_ages = evaluation.all.pictures > 0;
  if (arguments.json) {
    print_json(evaluate::to_json(evaluation, model));
  } else {
    (has_ages ? print_evaluation : print_ranges)(evaluation, evaluate::caveats(evaluation, model));
  }
  if (!has_ages) return;
  std::filesystem::path report = report_file(arguments);
  if (report.empty()) return;
  train::RunFolder folder{arguments.model};
  const train::RunFolder* trained_in = train::is_run(folder.path) ? &folder : nullptr;
  std::string page = report::report_html(report_of(model, arguments.model, trained_in, store, evaluation));
  try {
    base::write_file(report, page);
  } catch (const base::Error& problem) {
    if (!arguments.report.empty()) throw;
    return warn(fmt::format("no report was written ({}); use --report FILE to write it elsewhere", problem.what()));
  }
  if (!arguments.json) print(fmt::format("\nreport: {}\n", report.string()));
}

}  // namespace

void add_evaluate(CLI::App& program, const Context& context) {
  CLI::App* command =
      program.add_subcommand("evaluate", "Measure a model's error, compared with baselines that ignore the picture");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, kModelOrDefaultHelp);
  command
      ->add_option("--data", arguments->data,
                   "Face store to evaluate on; default: the run's own. May be repeated, to print one row for each")
      ->allow_extra_args(false);
  command
      ->add_option("--split", arguments->split,
                   "Part of the store to evaluate on; default: test, or val if there is no test part")
      ->check(CLI::IsMember({"test", "val", "train"}));
  command->add_flag("--other-cut", arguments->other_cut,
                    "Accept faces cut with another margin or detector than the model's, to measure what that costs");
  add_settings_option(*command, arguments->settings);
  command->add_option("--report", arguments->report,
                      "File to write the report to; default: report.html in the run's folder");
  add_force_option(*command, arguments->force);
  command->add_flag("--json", arguments->json, "Print the figures as JSON");
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
