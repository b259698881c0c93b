// What a run will cost, before anything is written.
#pragma once
#include <cstdint>

#include "agewise/base/progress.h"
#include "agewise/nn/engine.h"
#include "agewise/recipe/recipe.h"
#include "agewise/store/stores.h"

namespace agewise::train {

inline constexpr double kLongRun = 4 * 3600;

struct TrainPlan {
  std::int64_t training_pictures = 0, validation_pictures = 0;
  catalog::Split validation_part = catalog::Split::val;
  std::int64_t parameters = 0;
  double seconds_a_step = 0, seconds_an_epoch = 0;  // validation included
  double pictures_a_second = 0;                     // read, augmented and normalised, while the network rests
  double wait_seconds = 0;                          // of an epoch, in which the network would have no pictures
  std::uint64_t memory = 0;                         // bytes at the peak: whitening or training, whichever needs more
  std::uint64_t disk = 0;                           // bytes of the run: whitened pictures, transform, checkpoints
  std::uint64_t disk_free = 0;                      // bytes, where the run would lie
  double feature_seconds = 0;                       // before the first epoch: what train.features names
  int whitened_on = 0;                              // training pictures; 0: not whitened
  double whitening_seconds = 0;                     // before the first epoch: fitted, and all pictures whitened
  double seconds = 0;                               // of the whole run: what comes before the first epoch, all epochs
  // What is cheaper, told where the whole run takes more than kLongRun seconds; 0: not told.
  double compact_seconds = 0;        // the epochs of recipe `compact` with its network, on as many pictures
  double frozen_layers_seconds = 0;  // each picture once through the network, as train.features does; of a VGG only
};

// Times three steps, three batches filled by `threads` threads and a batch of validation, after one of each that warms
// up, on pictures of the stores; whitening is fitted on a few hundred of them and scaled up. Throws what train() would
// throw at its start.
TrainPlan plan_training(const recipe::Recipe& recipe, const store::Stores& stores, const std::filesystem::path& run,
                        nn::Engine& engine, const base::Clock& clock, int threads);

}  // namespace agewise::train
