// What happens between `agewise train` and the first step.
#pragma once
#include "agewise/train/batches.h"
#include "agewise/train/checkpoint.h"
#include "agewise/train/examples.h"
#include "agewise/train/train.h"

namespace agewise::train {

// The recipe that a run on these stores follows: what happened when the first was made ([screen], [face], [split]) is
// that store's, the rest is the wanted one's. Throws UsageError naming the store and what differs if its faces are not
// what the recipe needs, or not like the first one's (face/spec.h), and if there are train.age_weights or
// train.data_weights but not one a store.
recipe::Recipe recipe_on_stores(const recipe::Recipe& wanted, const store::Stores& stores);

// Throws UsageError naming what differs if `from`, whose weights a run of this recipe begins with, was trained on faces
// that were cut otherwise; their size may be another, and weights that state no cut may begin with any.
void check_beginning(const estimate::Model& from, const recipe::Recipe& recipe);

// The model of a run before it has weights: recipe, classes, graph, and the notes that tell what it is trained on.
estimate::Model untrained_model(const recipe::Recipe& recipe, const store::Stores& stores, const Examples& examples);

// Writes the run's metadata, or compares them with those of its earlier start: another engine, other kernels or another
// number of threads is a notice. `from`: the weights to start with; null: random ones. Throws Error if a store holds
// something else than it did, UsageError if a run without a checkpoint was to start with other weights.
void settle_metadata(const RunFolder& run, const store::Stores& stores, const estimate::Model* from,
                     const std::string& engine, const std::vector<std::string>& kernels,
                     const std::function<void(const std::string&)>& notice);

// Where the pictures come from, or what the layers before train.features make of them by `weights`; whitens them first
// if the recipe does, and then gives `model` the transform's hash.
InputSource inputs_of(const TrainTask& task, const Examples& examples, estimate::Model& model,
                      const std::vector<float>& weights, nn::Engine& engine, const TrainHooks& hooks);

// The run's last checkpoint, its log cut back to it; or fresh weights, or those of task.from.
TrainState first_state(const TrainTask& task, const estimate::Model& model,
                       const std::function<void(const std::string&)>& notice);

}  // namespace agewise::train
