#include "agewise/train/train.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agewise/age/metrics.h"
#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/estimate/estimator.h"
#include "agewise/nn/schedule.h"
#include "agewise/train/checkpoint.h"
#include "agewise/train/features.h"
#include "agewise/train/start.h"
#include "agewise/train/test_network.h"
#include "agewise/train/together.h"
#include "agewise/train/trainer.h"

namespace agewise::train {
namespace {

constexpr double kSecondsBetweenSaves = 600;  // within an epoch

// A mean loss from which no run has come back to anything useful: guessing costs ln(classes), 1 to 5; a regression's
// unit is (100 years)². The first steps of a fresh network with too high a rate stay well below.
constexpr double kHopelessLoss = 1e5;

double hopeless_loss(const recipe::TrainRecipe& recipe) {  // the mean-variance loss is in years²
  return kHopelessLoss * (1 + recipe.mean_weight + recipe.variance_weight + recipe.gender_weight);
}

std::vector<nn::Target> pick(const std::vector<nn::Target>& targets, std::span<const std::uint32_t> samples) {
  std::vector<nn::Target> picked;
  for (std::uint32_t sample : samples) picked.push_back(targets[sample]);
  return picked;
}

struct Validation {
  PartScores scores;
  std::vector<PartScores> by_store;  // of several
  double epsilon_error = std::numeric_limits<double>::quiet_NaN();
};

class Loop {
 public:
  Loop(const TrainTask& task, const Examples& examples, estimate::Model model, nn::Engine& engine,
       const TrainHooks& hooks)
      : run_(task.run),
        communicator_(task.communicator),
        threads_(task.threads),
        hooks_(hooks),
        examples_(examples),
        model_(std::move(model)),
        targets_(targets_of(examples, model_.recipe.train, task.soft_targets)),
        steps_(batches_in(pictures_an_epoch(), static_cast<std::size_t>(model_.recipe.train.batch))),
        trainer_(model_, engine, feature_layer(model_.recipe, model_.graph), communicator_, hooks.clock),
        tester_(model_.recipe, model_.graph, engine, feature_layer(model_.recipe, model_.graph)) {}

  std::vector<std::string> kernels() const { return trainer_.kernels(); }
  estimate::Model& model() { return model_; }

  TrainResult run(InputSource source, TrainState state) {
    source_ = std::move(source);
    state_ = std::move(state);
    trainer_.set_state(state_);
    last_saved_ = hooks_.clock();
    while (!is_at_end(recipe(), state_.epoch, state_.best_epoch)) one_epoch();
    return {state_.epoch, state_.best_epoch, state_.epoch < recipe().epochs};
  }

 private:
  const recipe::TrainRecipe& recipe() const { return model_.recipe.train; }
  bool is_first() const { return communicator_.rank() == 0; }
  std::size_t batch() const { return static_cast<std::size_t>(recipe().batch); }

  std::size_t pictures_an_epoch() const { return epoch_order(examples_, recipe(), 1).size(); }

  void one_epoch() {
    EpochRecord record;
    record.epoch = state_.epoch + 1;
    double start = hooks_.clock();
    train_steps(record);
    double trained = hooks_.clock();
    Validation validation = validate();
    record.train = mean_of(state_.sums);
    record.validation = validation.scores;
    record.validation_by_store = std::move(validation.by_store);
    record.epsilon_error = validation.epsilon_error;
    record.seconds = hooks_.clock() - start;
    double seconds_an_epoch =
        hooks_.clock() - trained + static_cast<double>(pictures_an_epoch()) / record.images_per_second;
    record.seconds_left = seconds_an_epoch * (recipe().epochs - record.epoch);
    record.best = is_better(validation);
    finish(record, score_of(validation));
  }

  // Of a step of the epoch that is under way.
  double rate_of(std::int64_t step) const {
    return nn::rate_at(recipe(), std::int64_t{state_.epoch} * steps_ + step, steps_);
  }

  // From state_.step to the end of the epoch.
  void train_steps(EpochRecord& record) {
    const Share& share = trainer_.share();
    BatchStream stream(source_, epoch_order(examples_, recipe(), record.epoch), trainer_.input_size(), batch(),
                       {record.epoch, threads_, static_cast<std::size_t>(state_.step), 1, share.first, share.rows});
    double start = hooks_.clock(), waited = 0, exchanged = seconds_exchanged();
    std::int64_t first = state_.step;
    record.learning_rate = rate_of(steps_ - 1);  // stands where all steps were done before the run was stopped
    while (state_.step < steps_) {
      if (alone() && hooks_.stop) stop_here(record.epoch);
      double before = hooks_.clock();
      const Batch* next = stream.next();
      waited += hooks_.clock() - before;
      record.learning_rate = rate_of(state_.step);
      ScoreSum sum = trainer_.step(*next, pick(targets_, next->samples), record.epoch, record.learning_rate);
      Wishes wishes = sum_over_processes(sum);
      if (!std::isfinite(sum.loss)) diverged("the loss is no longer a number", record.epoch, state_.step + 1);
      state_.sums += sum;
      ++state_.step;
      // The mean of the whole epoch even if all further losses were 0.
      double loss = state_.sums.loss / static_cast<double>(steps_ * recipe().batch);
      if (loss > hopeless_loss(recipe()))
        diverged(fmt::format("the mean loss is above {:.1e}", loss), record.epoch, state_.step);
      tell(fmt::format("epoch {} of {}", record.epoch, recipe().epochs), state_.step, steps_);
      if (wishes.to_save) save();
      if (wishes.to_stop) stop_here(record.epoch);
    }
    double seconds = std::max(1e-9, hooks_.clock() - start), nothing = std::numeric_limits<double>::quiet_NaN();
    record.images_per_second =
        first == steps_ ? nothing : static_cast<double>((steps_ - first) * recipe().batch) / seconds;
    record.wait_seconds = waited;
    record.processes = communicator_.size();
    record.exchange_seconds = seconds_exchanged() - exchanged;
  }

  double seconds_exchanged() const { return trainer_.seconds_waited() + waited_for_scores_; }
  bool alone() const { return communicator_.size() == 1; }

  struct Wishes {
    bool to_stop = false, to_save = false;  // of any process
  };

  // Makes a process's sum that of all, and `more` with it.
  Wishes sum_over_processes(ScoreSum& sum, std::span<double> more = {}) {
    bool to_save = hooks_.clock() - last_saved_ > kSecondsBetweenSaves;
    if (alone()) return {false, to_save};
    std::vector<double> all{sum.loss,
                            sum.right,
                            sum.absolute_error,
                            static_cast<double>(sum.pictures),
                            hooks_.stop ? 1.0 : 0.0,
                            is_first() && to_save ? 1.0 : 0.0};
    std::size_t own = all.size();
    all.insert(all.end(), more.begin(), more.end());
    double before = hooks_.clock();
    communicator_.sum(all);
    waited_for_scores_ += hooks_.clock() - before;
    sum = {all[0], all[1], all[2], static_cast<std::int64_t>(all[3])};
    std::copy(all.begin() + static_cast<std::ptrdiff_t>(own), all.end(), more.begin());
    return {all[4] > 0, all[5] > 0};
  }

  Validation validate() {
    get_state();
    check_processes_agree();
    std::vector<float>& tested = state_.average.empty() ? state_.weights : state_.average;
    base::broadcast_floats(communicator_, tested);  // running statistics are those of the first process
    tester_.set_parameters(tested);
    auto processes = static_cast<std::size_t>(communicator_.size()),
         step = static_cast<std::size_t>(communicator_.rank());
    BatchStream stream(source_, examples_.validation, trainer_.input_size(), batch(), {0, threads_, step, processes});
    std::vector<ScoreSum> sums(examples_.stores);
    std::vector<double> estimates(examples_.validation.size());
    while (const Batch* next = hooks_.stop ? nullptr : stream.next()) {
      std::span<const float> outputs = tester_.outputs(*next, state_.epoch + 1);
      std::size_t width = outputs.size() / batch();
      add_scores(std::span(next->samples).first(next->fresh), outputs.first(next->fresh * width), sums);
      for (std::size_t row = 0; row < next->fresh; ++row) {
        estimates[step * batch() + row] = estimate::estimate_of(model_, outputs.subspan(row * width, width)).age;
      }
      std::size_t all = estimates.size(), done = std::min(all, step * batch() + next->fresh);
      tell(fmt::format("validating epoch {}", state_.epoch + 1), static_cast<std::int64_t>(done),
           static_cast<std::int64_t>(all));
      step += processes;
    }
    Wishes wishes = sum_over_processes(sums.front(), estimates);
    for (ScoreSum& sum : std::span(sums).subspan(1)) sum_over_processes(sum);
    ScoreSum whole;
    for (const ScoreSum& sum : sums) whole += sum;
    if (wishes.to_stop || (alone() && hooks_.stop)) stop_here(state_.epoch + 1);
    check_validation(estimates, whole);
    Validation validation{mean_of(whole), {}, validation_epsilon_error(estimates)};
    if (sums.size() > 1) std::ranges::transform(sums, std::back_inserter(validation.by_store), mean_of);
    return validation;
  }

  // Those of a batch, each to the sum of its store. The order is that of the stores: a batch has few runs of one.
  void add_scores(std::span<const std::uint32_t> samples, std::span<const float> outputs,
                  std::vector<ScoreSum>& sums) const {
    std::size_t width = outputs.size() / samples.size();
    auto store_of = [&](std::size_t row) { return examples_.faces[samples[row]].store; };
    for (std::size_t begin = 0, end = 0; begin < samples.size(); begin = end) {
      while (end < samples.size() && store_of(end) == store_of(begin)) ++end;
      std::vector<nn::Target> targets = pick(targets_, samples.subspan(begin, end - begin));
      std::vector<float> unused((end - begin) * width);
      sums[store_of(begin)] += score(model_, outputs.subspan(begin * width, unused.size()), targets, unused);
    }
  }

  // A fault of a machine, or of this program: each would go on to a network of its own.
  void check_processes_agree() {
    if (alone()) return;
    check_same(
        communicator_, hash_of_trained(model_, state_.weights),
        "the network after " + std::to_string(state_.epoch + 1) + " epochs",
        "one of them computes other numbers; resume from the last checkpoint, and if it happens again, without the "
        "other machine");
  }

  // Weights may all be numbers and what the network makes of a picture none.
  void check_validation(const std::vector<double>& estimates, const ScoreSum& sum) const {
    auto missing = std::ranges::count_if(estimates, [](double age) { return !std::isfinite(age); });
    if (missing > 0)
      diverged(fmt::format("the network gives no age for {} of {} validation pictures", missing, estimates.size()),
               state_.epoch + 1, state_.step);
    if (!std::isfinite(sum.loss))
      diverged("the loss of the validation pictures is not a number", state_.epoch + 1, state_.step);
  }

  // NaN if the deviation of a picture is not known.
  double validation_epsilon_error(const std::vector<double>& estimates) const {
    std::vector<double> truth, sigma;
    for (std::uint32_t i : examples_.validation) {
      if (examples_.faces[i].age_range) return std::numeric_limits<double>::quiet_NaN();
      truth.push_back(examples_.faces[i].age);
      sigma.push_back(examples_.faces[i].age_sigma);
    }
    return age::epsilon_error(estimates, truth, sigma);
  }

  // Larger is better.
  double score_of(const Validation& validation) const {
    switch (recipe().monitor) {
      case recipe::Monitor::accuracy:
        return validation.scores.accuracy;
      case recipe::Monitor::mae:
        return -validation.scores.mae;
      case recipe::Monitor::loss:
        return -validation.scores.loss;
      case recipe::Monitor::epsilon:
        return -validation.epsilon_error;
      case recipe::Monitor::last:
        break;
    }
    return state_.epoch + 1;
  }

  bool is_better(const Validation& validation) const {
    double score = score_of(validation);
    return std::isfinite(score) && (state_.best_epoch == 0 || score > state_.best_score);
  }

  // What a kill between any two of these loses is done again, to the same bits.
  void finish(const EpochRecord& record, double score) {
    state_.epoch = record.epoch;
    state_.step = 0;
    state_.sums = {};
    if (record.best) {
      state_.best_epoch = record.epoch;
      state_.best_score = score;
      if (is_first()) write_best();
    }
    if (is_first()) append_to_log(run_.log(), record);
    save();
    if (hooks_.epoch_done) hooks_.epoch_done(record);
  }

  // A ReLU makes 0 of what is not a number: the loss need not show it.
  void get_state() {
    trainer_.get_state(state_);
    if (!std::ranges::all_of(state_.weights, [](float weight) { return std::isfinite(weight); }))
      diverged("a weight is no longer a number", state_.epoch + 1, state_.step);
  }

  void write_best() {
    model_.parameters = state_.average.empty() ? state_.weights : state_.average;
    estimate::write_model(run_.best(), model_);
  }

  // The others wait for the first.
  void save() {
    if (is_first()) write_last();
    communicator_.barrier();
    last_saved_ = hooks_.clock();
  }

  void write_last() {
    get_state();
    model_.parameters = state_.average.empty() ? state_.weights : state_.average;
    write_checkpoint(run_.last(), model_, state_);
  }

  [[noreturn]] void stop_here(int epoch) {
    save();
    throw base::Interrupted(
        fmt::format("stopped in epoch {} after {} of {} steps; resume with `agewise train {} --resume`", epoch,
                    state_.step, steps_, run_.path.string()));
  }

  // What is kept is the last checkpoint that was whole.
  [[noreturn]] void diverged(const std::string& how, int epoch, std::int64_t step) const {
    std::int64_t last = std::int64_t{epoch - 1} * steps_ + step - 1;
    std::string advice = fmt::format("Start a new run with a smaller learning rate (--set train.learning_rate={:.3g})",
                                     recipe().learning_rate / 10);
    if (recipe().schedule == recipe::Schedule::cosine && recipe().warmup_epochs == 0)
      advice += " or with a warmup (--set train.warmup_epochs=1)";
    if (state_.best_epoch > 0) advice += fmt::format("; the best epoch so far, {}, is kept", state_.best_epoch);
    throw base::Error(fmt::format("{}: training diverged in epoch {}, step {}, at a learning rate of {:.3g}: {}. {}",
                                  run_.path.string(), epoch, step,
                                  nn::rate_at(recipe(), std::max<std::int64_t>(0, last), steps_), how, advice));
  }

  void tell(std::string what, std::int64_t done, std::int64_t total) const {
    if (hooks_.progress) {
      hooks_.progress({std::move(what), static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total)});
    }
  }

  const RunFolder& run_;
  base::Communicator& communicator_;
  int threads_;  // that fill batches
  const TrainHooks& hooks_;
  const Examples& examples_;
  estimate::Model model_;
  std::vector<nn::Target> targets_;
  std::int64_t steps_;  // an epoch
  Trainer trainer_;
  TestNetwork tester_;
  InputSource source_;
  TrainState state_;
  double last_saved_ = 0, waited_for_scores_ = 0;
};

// The first process has compiled, and its engine has written its choices into the run, if it makes any; the others are
// told of them before they compile.
void tell_choices(base::Communicator& communicator, const RunFolder& run) {
  bool known = communicator.size() > 1 && std::filesystem::exists(run.kernels());
  broadcast_choices(communicator, known ? nn::read_tuning_cache(run.kernels()) : nn::TuningCache{});
}

void take_choices(base::Communicator& communicator, const TrainHooks& hooks) {
  nn::TuningCache choices = broadcast_choices(communicator, {});
  if (hooks.choose_kernels) hooks.choose_kernels(choices);
}

// Gradients are summed as they lie, in the layout that the kernels want.
void check_kernels(base::Communicator& communicator, const nn::Engine& engine,
                   const std::vector<std::string>& kernels) {
  std::string mine = engine.name();
  check_same(communicator, mine, "the engine (" + mine + ")",
             "give all processes what the weakest machine has, by --isa and --threads");
  check_same(communicator, fmt::format("{}", fmt::join(kernels, "\n")), "the choice of kernels",
             "their processors differ; --isa avx2 and --kernels default choose alike on more of them");
}

}  // namespace

TrainResult train(const TrainTask& task, nn::Engine& engine, const TrainHooks& hooks) {
  if (task.recipe.train.distillation_weight > 0 && task.soft_targets.empty())
    throw std::invalid_argument("train.distillation_weight needs what a teacher says");
  Examples examples = task.examples != nullptr ? *task.examples : examples_of(task.stores);
  std::string remark = task.examples != nullptr ? "" : left_out(examples);
  if (!remark.empty() && hooks.notice) hooks.notice(remark);
  base::Communicator& communicator = task.communicator;
  bool first = communicator.rank() == 0;
  check_same_stores(communicator, task.stores);
  if (!first) take_choices(communicator, hooks);
  Loop loop(task, examples, untrained_model(task.recipe, task.stores, examples), engine, hooks);
  if (first) tell_choices(communicator, task.run);
  check_kernels(communicator, engine, loop.kernels());
  if (first) settle_metadata(task.run, task.stores, task.from, engine.name(), loop.kernels(), hooks.notice);
  TrainState state = first_state(task, loop.model(), hooks.notice);
  InputSource source = inputs_of(task, examples, loop.model(), state.weights, engine, hooks);
  return loop.run(std::move(source), std::move(state));
}

}  // namespace agewise::train
