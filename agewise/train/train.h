// The training loop.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "agewise/base/communicator.h"
#include "agewise/base/progress.h"
#include "agewise/estimate/model.h"
#include "agewise/nn/cpu/tuning_cache.h"
#include "agewise/nn/engine.h"
#include "agewise/recipe/recipe.h"
#include "agewise/store/stores.h"
#include "agewise/train/log.h"
#include "agewise/train/run_folder.h"

namespace agewise::train {

struct Examples;

struct TrainTask {
  RunFolder run;  // made by create_run(); goes on from run.last() if there is one
  recipe::Recipe recipe;
  store::Stores stores;
  // Weights to begin with instead of fresh ones, taken by name where the shapes are equal.
  const estimate::Model* from = nullptr;
  int threads = 1;                           // that decode and augment pictures, beside the engine's own
  const Examples* examples = nullptr;        // to train and validate on, instead of the stores' parts
  std::span<const float> soft_targets = {};  // what a teacher says of each face (teacher.h), where the recipe wants one
  // All processes call train() with the same task and engines of one name. Only the first reads and writes the run (but
  // for whitened pictures and features, which all read there), and only its hooks are told anything; `stop` of one
  // stops all.
  base::Communicator& communicator = base::alone();
};

struct TrainHooks {
  const base::StopFlag& stop;
  base::ProgressSink progress;
  base::Clock clock;
  std::function<void(const std::string&)> notice;      // what a user should know, in a sentence
  std::function<void(const EpochRecord&)> epoch_done;  // after it is in the log and the checkpoints are written
  // Of all processes but the first: has the engine choose the kernels that the first one's has chosen.
  std::function<void(const nn::TuningCache&)> choose_kernels;
};

struct TrainResult {
  int epochs = 0;  // done in all
  int best_epoch = 0;
  bool stopped_early = false;  // by recipe.train.patience
};

// Trains until recipe.train.epochs are done, keeping the run's log and checkpoints. The last batch of an epoch is
// completed with the first pictures of its order. Where it stands is saved after each epoch, every ten minutes within a
// long one, and on `stop`, which throws Interrupted; going on from there gives the same bits as never stopping, with
// the same engine, kernels, and number of threads and processes. Where a store has no `val` part, the network is
// validated on its `test`, as in the article. Throws Error if the loss is no longer a number, UsageError if recipe and
// store do not fit.
TrainResult train(const TrainTask& task, nn::Engine& engine, const TrainHooks& hooks);

}  // namespace agewise::train
