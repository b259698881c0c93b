// The functions of training.h: options to the functions that the program's commands call, and their results back.
#include "agewise/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/catalog/label_options.h"
#include "agewise/estimate/export.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/evaluate/json.h"
#include "agewise/library/call.h"
#include "agewise/library/model.h"
#include "agewise/library/surroundings.h"
#include "agewise/prepare/remarks.h"
#include "agewise/train/session.h"

namespace agewise::training {
namespace {

using library::told;
using library::told_by_another_thread;

const base::StopFlag& stop_of(const Watch& watch) {
  static const base::StopFlag kNever{false};
  return watch.stop != nullptr ? *watch.stop : kNever;
}

base::ProgressSink sink_of(const Watch& watch) {
  if (!watch.progress) return {};
  return [&watch](const base::Progress& now) { watch.progress({now.what, now.done, now.total, now.rejects}); };
}

void notice(const Watch& watch, const std::vector<std::string>& remarks) {
  for (const std::string& remark : remarks) {
    if (watch.notice) watch.notice(remark);
  }
}

prepare::PrepareOptions internal(const PrepareOptions& options, const Watch& watch) {
  prepare::PrepareOptions out;
  out.labels = {options.labels.begin(), options.labels.end()};
  out.label_options = catalog::parse_label_options(options.columns, options.gender, options.names);
  out.recipe = recipe::load_recipe(options.recipe, watch.notice);
  recipe::set_options(out.recipe, options.settings, watch.notice);
  if (options.limit > 0) out.limit = options.limit;
  out.sample_seed = options.sample;
  out.balance = options.balance;
  return out;
}

Prepared told_of(const prepare::PrepareResult& result) {
  Prepared out;
  out.faces = result.faces;
  out.whole_pictures = result.whole_pictures;
  for (const auto& [reason, count] : result.rejects) out.rejects[std::string(catalog::describe(reason))] = count;
  out.not_asked_for = result.unasked;
  out.resumed = result.went_on;
  out.was_complete = result.was_complete;
  return out;
}

std::optional<train::MultirunShape> multirun_of(const TrainOptions& options) {
  if ((options.folds > 0) + (options.ensemble > 0) + options.leave_one_person_out > 1)
    throw base::UsageError("give at most one of folds, ensemble and leave_one_person_out");
  constexpr int kFewest = 2, kMost = train::kMostNetworks;
  int count = std::max(options.folds, options.ensemble);
  if (options.folds < 0 || options.ensemble < 0 || count == 1 || count > kMost)
    throw base::UsageError(fmt::format("folds and ensemble must be {} to {}", kFewest, kMost));
  if (options.folds > 0) return train::MultirunShape{train::MultirunKind::folds, options.folds};
  if (options.ensemble > 0) return train::MultirunShape{train::MultirunKind::ensemble, options.ensemble};
  if (options.leave_one_person_out) return train::MultirunShape{train::MultirunKind::each_person, 0};
  return std::nullopt;
}

train::TrainRequest internal(const std::string& run, const TrainOptions& options, const Watch& watch) {
  std::vector<std::filesystem::path> data;
  if (!options.data.empty()) data.emplace_back(options.data);
  if (data.empty() && !options.further_data.empty()) throw base::UsageError("further_data needs data, the first store");
  data.insert(data.end(), options.further_data.begin(), options.further_data.end());
  return {run,
          data,
          options.recipe,
          options.settings,
          options.resume,
          library::named_model(options.from).string(),
          library::named_model(options.teacher).string(),
          multirun_of(options),
          options.keep_model_only,
          watch.notice};
}

Scores told_of(const train::PartScores& scores) { return {scores.loss, scores.accuracy, scores.mae}; }

Epoch told_of(const train::EpochRecord& record) {
  Epoch out;
  out.epoch = record.epoch;
  out.train = told_of(record.train);
  out.validation = told_of(record.validation);
  for (const train::PartScores& scores : record.validation_by_store) out.validation_by_store.push_back(told_of(scores));
  out.epsilon_error = record.epsilon_error;
  out.learning_rate = record.learning_rate;
  out.seconds = record.seconds;
  out.images_per_second = record.images_per_second;
  out.wait_seconds = record.wait_seconds;
  out.seconds_left = record.seconds_left;
  out.best = record.best;
  return out;
}

train::TrainHooks hooks_of(const TrainWatch& watch) {
  train::TrainHooks hooks{stop_of(watch), sink_of(watch), library::steady_clock(), watch.notice, {}};
  if (!hooks.notice) hooks.notice = [](const std::string&) {};
  hooks.epoch_done = [&watch](const train::EpochRecord& record) {
    if (watch.epoch_done) watch.epoch_done(told_of(record));
  };
  return hooks;
}

TrainedNetwork told_of(const std::string& name, const train::TrainResult& result, const Scores& best) {
  return {name, result.epochs, result.best_epoch, result.stopped_early, best};
}

// Of the best epoch.
Scores best_in(const std::vector<train::EpochRecord>& log, int epoch) {
  for (const train::EpochRecord& record : log) {
    if (record.epoch == epoch) return told_of(record.validation);
  }
  return {};
}

Errors told_of(const evaluate::Scores& scores) {
  const auto& [cs1, cs3, cs5, cs10] = scores.cs;
  return {scores.accuracy, scores.mae, scores.mean_error, cs1, cs3, cs5, cs10, scores.epsilon_error};
}
// Of no pictures.
Errors unknown_errors() {
  constexpr double kNaN = catalog::kNotANumber;
  return {kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, kNaN, std::nullopt};
}
static_assert(evaluate::kScoreYears == std::array<double, 4>{1, 3, 5, 10});

Group told_of(const evaluate::Group& group) {
  return {group.name, group.pictures, told_of(group.model), told_of(group.baseline)};
}

std::vector<Group> told_of(const std::vector<evaluate::Group>& groups) {
  std::vector<Group> out;
  for (const evaluate::Group& group : groups) out.push_back(told_of(group));
  return out;
}

Evaluation told_of(const evaluate::Evaluation& evaluation, const estimate::Model& model) {
  Evaluation out;
  out.part = static_cast<Part>(evaluation.part);
  out.json = base::json_text_to_show(evaluate::to_json(evaluation, model));
  out.caveats = evaluate::caveats(evaluation, model);
  out.all = evaluation.all.pictures > 0 ? told_of(evaluation.all) : Group{"all", 0, unknown_errors(), unknown_errors()};
  out.decades = told_of(evaluation.decades);
  out.genders = told_of(evaluation.genders);
  out.races = told_of(evaluation.races);
  out.sources = told_of(evaluation.sources);
  return out;
}

std::optional<catalog::Split> internal(const std::optional<Part>& part) {
  return part ? std::optional(static_cast<catalog::Split>(*part)) : std::nullopt;
}

}  // namespace

Prepared prepare(const std::string& store, const PrepareOptions& options, const Watch& watch) {
  return told_by_another_thread([&] {
    if (options.labels.empty() || options.pictures.empty())
      throw base::UsageError(store + ": give at least one label file, and at least one folder or archive of pictures");
    prepare::PrepareOptions wanted = internal(options, watch);
    prepare::Paths paths{store, {options.pictures.begin(), options.pictures.end()}};
    prepare::PreparePlan plan = prepare::plan_for(paths.store, wanted);
    notice(watch, prepare::remarks_before(plan, wanted));
    prepare::PrepareResult result = prepare::prepare(
        plan, paths.pictures, paths.store, library::threads_of(options.threads), stop_of(watch), sink_of(watch));
    notice(watch, prepare::remarks_after(plan, result, paths));
    prepare::check_faces(plan, result, paths);
    return told_of(result);
  });
}

std::vector<TrainedNetwork> train(const std::string& run, const TrainOptions& options, const TrainWatch& watch) {
  return told_by_another_thread([&] {
    int threads = library::threads_of(options.threads);
    train::Session session(internal(run, options, watch));
    std::unique_ptr<nn::Engine> engine =
        library::engine_of(threads, options.kernels, session.run().kernels(), watch.notice);
    train::SessionResult result = session.train(*engine, threads, hooks_of(watch), watch.begins);
    std::vector<TrainedNetwork> networks;
    for (const train::MultirunResult& one : result.several)
      networks.push_back(told_of(one.name, one.result, told_of(one.best.validation)));
    if (!session.has_several())
      networks.push_back(told_of("", result.one, best_in(train::read_log(session.run().log()), result.one.best_epoch)));
    return networks;
  });
}

std::vector<Epoch> read_log(const std::string& run) {
  return told([&] {
    train::RunFolder folder{run};
    train::recipe_of(folder);  // tells of a folder without a run
    std::vector<Epoch> epochs;
    for (const train::EpochRecord& record : train::read_log(folder.log())) epochs.push_back(told_of(record));
    return epochs;
  });
}

ModelInfo read_model(const std::string& model) {
  return told([&] {
    ModelInfo info;
    std::filesystem::path file = library::model_file(model);
    estimate::Model read = estimate::read_model(file);
    info.file = file.string();
    info.recipe = recipe::to_toml(read.recipe);
    info.classes = library::classes_of(read.classes);
    info.notes = read.notes;
    info.networks = static_cast<int>(estimate::member_count(read));
    info.parameters = static_cast<std::int64_t>(read.parameters.size()) * info.networks;
    return info;
  });
}

void export_model(const std::string& model, const std::string& file) {
  told([&] {
    estimate::check_export_name(file);
    std::filesystem::path from = library::model_file(model);
    std::error_code absent;
    if (std::filesystem::equivalent(from, file, absent))
      throw base::UsageError(file + ": is the model itself; give the output another name");
    estimate::export_model(file, estimate::read_model(from));
  });
}

Evaluation evaluate(const std::string& model, const EvaluateOptions& options, const Watch& watch) {
  return told_by_another_thread([&] {
    int threads = library::threads_of(options.threads);
    store::Store store = evaluate::store_for(model, options.data);
    estimate::Model read = estimate::read_model(library::model_file(model));
    std::unique_ptr<nn::Engine> engine = library::engine_of(threads, options.kernels, {}, watch.notice);
    catalog::Split part = evaluate::part_to_evaluate(store, internal(options.part));
    std::vector<evaluate::Prediction> predictions =
        evaluate::predict(read, store, part, *engine, threads, stop_of(watch), sink_of(watch),
                          options.other_cut ? evaluate::OtherCut::measured : evaluate::OtherCut::refused);
    std::vector<Estimated> estimates;
    for (const evaluate::Prediction& one : predictions) estimates.push_back({one.face.row, one.face.age, one.estimate});
    Evaluation evaluation = told_of(evaluate::evaluation_of(std::move(predictions), part, read, store), read);
    evaluation.estimates = std::move(estimates);
    return evaluation;
  });
}

}  // namespace agewise::training
