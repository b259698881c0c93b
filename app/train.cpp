// agewise train RUN --data STORE: a recipe and a store to a trained network.
#include "agewise/train/train.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/library/surroundings.h"
#include "agewise/serve/watch.h"
#include "agewise/train/plan.h"
#include "agewise/train/session.h"
#include "app/commands.h"
#include "app/engine.h"
#include "app/options.h"
#include "app/run_report.h"
#include "app/run_text.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

struct Arguments {
  std::string run, from, teacher, leave_out;
  std::vector<std::string> data;
  int folds = 0, ensemble = 0, member = 0;
  RecipeOptions recipe;
  bool resume = false, plan = false, json = false;
  std::string keep = "all";  // or "model"
  int watch = 0;             // port; 0: not watched
};

nlohmann::ordered_json to_json(const train::TrainPlan& plan, const recipe::Recipe& recipe) {
  return {{"training_pictures", plan.training_pictures},
          {"validation_pictures", plan.validation_pictures},
          {"validation_part", catalog::name_of(plan.validation_part)},
          {"parameters", plan.parameters},
          {"seconds_a_step", plan.seconds_a_step},
          {"pictures_a_second", plan.pictures_a_second},
          {"wait_seconds_an_epoch", plan.wait_seconds},
          {"hours_an_epoch", plan.seconds_an_epoch / 3600},
          {"hours", plan.seconds_an_epoch * recipe.train.epochs / 3600},
          {"total_hours", plan.seconds / 3600},
          {"compact_hours", plan.compact_seconds / 3600},
          {"frozen_layers_hours", plan.frozen_layers_seconds / 3600},
          {"memory_mb", plan.memory >> 20},
          {"disk_mb", plan.disk >> 20},
          {"disk_free_mb", plan.disk_free >> 20},
          {"feature_hours", duration_text(plan.feature_seconds)},
          {"whitened_on", plan.whitened_on},
          {"whitening_hours", duration_text(plan.whitening_seconds)}};
}

// Of a run of many hours: on these pictures and this machine.
void print_cheaper_ways(const train::TrainPlan& plan) {
  double epoch = plan.seconds_an_epoch / 3600, eight_hours = 8 / std::max(1e-9, plan.seconds / 3600);
  std::vector<std::string> ways;
  if (plan.compact_seconds > 0 && plan.compact_seconds < plan.seconds)
    ways.push_back(
        fmt::format("recipe compact, on a store prepared with --recipe compact: {:.3g} hours for its {} epochs",
                    plan.compact_seconds / 3600, recipe::load_recipe("compact").train.epochs));
  if (plan.frozen_layers_seconds > 0)
    ways.push_back(
        fmt::format("recipe seed-vgg, whose frozen convolutions process each picture only once: {:.3g} hours for all "
                    "pictures, then only the last layers are trained",
                    plan.frozen_layers_seconds / 3600));
  ways.push_back(
      fmt::format("fewer epochs, {:.3g} hours each: --set train.epochs=N, or --set train.patience=3, which stops after "
                  "three epochs without improvement",
                  epoch));
  if (eight_hours < 1)
    ways.push_back(fmt::format(
        "fewer pictures: about {:.2g} of the pictures take 8 hours (prepare --limit N --sample 1)", eight_hours));
  for (std::size_t i = 0; i < ways.size(); ++i)
    print(fmt::format("{}{}\n", i == 0 ? "cheaper     " : "            ", ways[i]));
}

void print_plan(const train::TrainPlan& plan, const recipe::Recipe& recipe) {
  print(fmt::format("training    {} pictures, validated on {} {} pictures\n", with_thousands(plan.training_pictures),
                    with_thousands(plan.validation_pictures), catalog::name_of(plan.validation_part)));
  print(fmt::format("network     {} parameters; {:.0f} ms per step of {} pictures ({:.0f} pictures/s)\n",
                    with_thousands(plan.parameters), 1000 * plan.seconds_a_step, recipe.train.batch,
                    recipe.train.batch / plan.seconds_a_step));
  print(fmt::format(
      "pictures    {:.0f}/s read, augmented and normalised; the network waits {:.1f} s per epoch for them\n",
      plan.pictures_a_second, plan.wait_seconds));
  print(fmt::format("time        {} per epoch, {} for {} epochs\n", duration_text(plan.seconds_an_epoch),
                    duration_text(plan.seconds_an_epoch * recipe.train.epochs), recipe.train.epochs));
  if (plan.whitened_on > 0) {
    print(fmt::format("            before that, {} of whitening, fitted on {} pictures\n",
                      duration_text(plan.whitening_seconds), with_thousands(plan.whitened_on)));
  }
  if (plan.feature_seconds > 0) {
    print(fmt::format("            before that, {} to compute features\n", duration_text(plan.feature_seconds)));
  }
  if (plan.whitened_on > 0 || plan.feature_seconds > 0)
    print(fmt::format("            {} in total\n", duration_text(plan.seconds)));
  if (plan.seconds > train::kLongRun) print_cheaper_ways(plan);
  print(fmt::format("memory      {} MB\n", plan.memory >> 20));
  print(fmt::format("disk        {} MB of {} MB free\n", plan.disk >> 20, plan.disk_free >> 20));
  if (plan.disk > plan.disk_free) warn("the run does not fit on the disk");
}

// What the command asks for; nothing: one network.
std::optional<train::MultirunShape> wanted_multirun(const Arguments& arguments) {
  if (arguments.folds > 0) return train::MultirunShape{train::MultirunKind::folds, arguments.folds};
  if (arguments.ensemble > 0)
    return train::MultirunShape{train::MultirunKind::ensemble, arguments.ensemble, arguments.member};
  if (!arguments.leave_out.empty()) return train::MultirunShape{train::MultirunKind::each_person, 0};
  return std::nullopt;
}

train::TrainRequest request_of(const Arguments& arguments) {
  return {arguments.run,
          {arguments.data.begin(), arguments.data.end()},
          arguments.recipe.recipe,
          arguments.recipe.assignments,
          arguments.resume,
          library::named_model(arguments.from).string(),
          library::named_model(arguments.teacher).string(),
          wanted_multirun(arguments),
          arguments.keep == "model",
          warn};
}

void plan(const Arguments& arguments, const Context& context) {
  if (context.communicator.size() > 1)
    throw base::UsageError("--plan is of one process: run it without mpirun or srun");
  train::TrainRequest request = request_of(arguments);
  std::vector<store::Store> opened = train::stores_for(request);
  store::Stores stores{std::span(opened)};
  recipe::Recipe recipe = train::recipe_for(request, stores);
  train::TrainPlan plan =
      train::plan_training(recipe, stores, arguments.run, *engine_for(context), steady_clock(), context.threads);
  arguments.json ? print_json(to_json(plan, recipe)) : print_plan(plan, recipe);
}

nlohmann::ordered_json to_json(const train::TrainResult& result, const train::RunFolder& run) {
  return {{"epochs", result.epochs},
          {"best_epoch", result.best_epoch},
          {"stopped_early", result.stopped_early},
          {"log", app::to_json(train::read_log(run.log()))}};
}

void print_result(const train::TrainResult& result, const train::RunFolder& run) {
  if (result.stopped_early)
    print(fmt::format("stopped early after {} epochs, the last of which brought no improvement\n", result.epochs));
  print(fmt::format("best epoch: {}, {}\nreport: {}\n", result.best_epoch, run.best().string(),
                    (run.path / "report.html").string()));
}

nlohmann::ordered_json to_json(const std::vector<train::MultirunResult>& results) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const train::MultirunResult& one : results) {
    json.push_back({{"name", one.name},
                    {"validation_pictures", one.validation_pictures},
                    {"best", nlohmann::ordered_json::parse(train::to_line(one.best))}});
  }
  return json;
}

void print_multirun(const std::vector<train::MultirunResult>& results, const recipe::Recipe& recipe) {
  std::vector<std::vector<std::string>> rows{{"", "pictures", "best epoch", "accuracy %", "MAE"}};
  double pictures = 0, mae = 0, accuracy = 0;
  for (const train::MultirunResult& one : results) {
    auto own = static_cast<double>(one.validation_pictures);
    pictures += own, mae += own * one.best.validation.mae, accuracy += own * one.best.validation.accuracy;
    rows.push_back({one.name, with_thousands(static_cast<std::uint64_t>(one.validation_pictures)),
                    std::to_string(one.best.epoch), fmt::format("{:.1f}", 100 * one.best.validation.accuracy),
                    fmt::format("{:.2f}", one.best.validation.mae)});
  }
  if (recipe.train.monitor == recipe::Monitor::last) return print("\n" + table(rows));
  rows.push_back({"all", with_thousands(static_cast<std::uint64_t>(pictures)), "",
                  fmt::format("{:.1f}", 100 * accuracy / pictures), fmt::format("{:.2f}", mae / pictures)});
  print("\n" + table(rows));
  print("Each best epoch was chosen on the same pictures that it is measured on here.\n");
}

void start_watch(const serve::Listener& listener, const train::RunFolder& run, std::optional<serve::RunWatch>& watch,
                 train::TrainHooks& hooks) {
  watch.emplace(run, listener, steady_clock());
  hooks.progress = [&watch, shown = hooks.progress](const base::Progress& progress) {
    if (shown) shown(progress);
    watch->progress(progress);
  };
  std::fprintf(stderr, "agewise: watch the run at http://127.0.0.1:%d/\n", watch->port());
}

void show(const train::SessionResult& result, const train::Session& session, bool json) {
  if (!session.has_several())
    return json ? print_json(to_json(result.one, session.run())) : print_result(result.one, session.run());
  if (json) return print_json(to_json(result.several));
  print_multirun(result.several, session.recipe());
  if (std::filesystem::exists(session.run().best()))
    print(fmt::format("ensemble: {}\n", session.run().best().string()));
}

// What the processes beside the first one do: all but to write and to print.
void take_part(Arguments arguments, const Context& context) {
  arguments.from.clear(), arguments.teacher.clear();  // the first process reads them
  train::Session session(request_of(arguments), context.communicator);
  nn::TuningCache kernels;
  train::TrainHooks hooks{context.stop, {}, steady_clock(), {}, {}};
  hooks.choose_kernels = [&](const nn::TuningCache& choices) { kernels = choices; };
  session.train(*engine_of_others(context, kernels), context.threads, hooks);
}

void run(const Arguments& arguments, const Context& context) {
  if (arguments.plan) return plan(arguments, context);
  if (context.communicator.rank() > 0) return take_part(arguments, context);
  if (arguments.watch > 0 && train::has_several(train::shape_for(request_of(arguments))))
    throw base::UsageError("--watch shows the curves of one network, not of several");
  std::optional<serve::Listener> listener;  // before anything is written: the port may be taken
  if (arguments.watch > 0) listener = serve::listen_on("127.0.0.1", arguments.watch);
  train::Session session(request_of(arguments), context.communicator);
  std::unique_ptr<nn::Engine> engine = engine_for(context, session.run());

  ProgressLine line;
  int epochs = 0;  // trained by this command
  std::optional<RunDrawings> drawings;
  train::TrainHooks hooks{context.stop, line.sink(), steady_clock(), {}, {}};
  std::optional<serve::RunWatch> watch;
  if (listener) start_watch(*listener, session.run(), watch, hooks);
  hooks.notice = [&](const std::string& text) {
    line.clear();
    if (!arguments.json) print(text + "\n");
    std::fflush(stdout);
  };
  hooks.epoch_done = [&](const train::EpochRecord& record) {
    ++epochs;
    if (!drawings && !session.has_several()) drawings.emplace(session.run(), session.recipe(), session.stores());
    if (drawings) drawings->draw();
    if (watch) watch->epoch_done(record);
    line.clear();
    if (arguments.json) return;
    print(epoch_line(record, /*with_head=*/epochs == 1));
    std::fflush(stdout);  // someone may be watching a file
  };
  train::SessionResult result =
      session.train(*engine, context.threads, hooks, [&](const std::string& name) { hooks.notice("\n" + name); });
  line.clear();
  if (epochs == 0 && !session.has_several())
    warn(fmt::format("{}: already finished after {} epochs; to train further, use --set train.epochs=N",
                     session.run().path.string(), result.one.epochs));
  show(result, session, arguments.json);
}

}  // namespace

void add_train(CLI::App& program, const Context& context) {
  CLI::App* command = program.add_subcommand("train", "Train a network on a face store");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("RUN", arguments->run,
                   "Folder to write: recipe, log, checkpoints, plots and report. An interrupted run is resumed")
      ->required();
  command
      ->add_option("--data", arguments->data,
                   "Face store to train on; several stores: --data A --data B. Default for an existing run: its own")
      ->allow_extra_args(false);
  add_recipe_options(*command, arguments->recipe);
  command->add_flag(
      "--resume", arguments->resume,
      "Continue RUN with its own recipe (only --set train.epochs may change it); fails if there is no such run");
  command->add_option(
      "--from", arguments->from,
      "Start from the weights of this model, run or bundled model (compact or permissive) instead of random ones");
  command->add_option("--teacher", arguments->teacher,
                      "Model, run or bundled model whose estimates are learned along with the labels (knowledge "
                      "distillation; train.distillation_weight)");
  CLI::Option* folds = command->add_option(
      "--folds", arguments->folds,
      "Cross-validation: train this many networks, each validated on a different fold of the persons");
  CLI::Option* leave_out = command
                               ->add_option("--leave-out", arguments->leave_out,
                                            "\"person\": leave-one-person-out cross-validation, one network per person")
                               ->check(CLI::IsMember({"person"}));
  CLI::Option* ensemble = command->add_option(
      "--ensemble", arguments->ensemble,
      "Train this many networks, each validated on a different tenth, and join them into one model");
  folds->check(CLI::Range(2, train::kMostNetworks))->excludes(leave_out, ensemble);
  ensemble->check(CLI::Range(2, train::kMostNetworks))->excludes(leave_out);
  command
      ->add_option(
          "--member", arguments->member,
          "Train only this member of the ensemble (1 to N), as a run of its own; `agewise merge` joins the members")
      ->check(CLI::Range(1, train::kMostNetworks))
      ->needs(ensemble);
  command
      ->add_option("--keep", arguments->keep,
                   "Which large files to keep at the end: \"all\", or \"model\" for those that the best model needs")
      ->check(CLI::IsMember({"all", "model"}))
      ->capture_default_str();
  command->add_flag("--plan", arguments->plan,
                    "Time three steps and print the hours, memory and disk space needed; write nothing");
  command->add_flag("--watch{8080}", arguments->watch,
                    "Serve the curves as they grow at http://127.0.0.1:8080/; --watch=PORT: at another port");
  command->add_flag("--json", arguments->json, "Print the result as JSON");
  command->callback([arguments, &context] { run(*arguments, context); });
}

}  // namespace agewise::app
