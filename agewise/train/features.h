// What the layers that do not learn make of each picture: computed once, kept in mapped files of the run, and trained
// on instead of the pictures.
#pragma once
#include "agewise/estimate/model.h"
#include "agewise/nn/engine.h"
#include "agewise/train/inputs.h"

namespace agewise::train {

// The layer that recipe.train.features names, by its index; 0, the input, where it names none. Throws UsageError if a
// layer before it learns, the network cannot be cut there, or pictures are whitened.
int feature_layer(const recipe::Recipe& recipe, const nn::Graph& graph);

// Bytes of all files.
std::uint64_t feature_bytes(const estimate::Model& model, const Examples& examples);

struct FeatureTask {
  const RunFolder& run;
  const estimate::Model& model;    // its parameters are not looked at
  std::span<const float> weights;  // of the whole network, plain
  const store::Stores& stores;
  const Examples& examples;
  int threads = 1;
};

// The features of validation pictures, and of recipe.train.feature_copies of each training picture, the k-th augmented
// as in epoch k: later epochs take them in turn. What an earlier start of the run has computed is used, a file a copy.
// Throws Error if the disk is too small, Interrupted on `stop`.
InputSource feature_inputs(const FeatureTask& task, nn::Engine& engine, const base::StopFlag& stop,
                           const base::ProgressSink& progress);

}  // namespace agewise::train
