// Where a training run stands, as a file: a model that `predict` and `evaluate` can read, and all that is needed to go
// on from there to the same bits.
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "agewise/estimate/model.h"

namespace agewise::train {

// Sums over the pictures of (part of) an epoch, from which its means are made.
struct ScoreSum {
  double loss = 0, right = 0, absolute_error = 0;
  std::int64_t pictures = 0;
};

struct TrainState {
  int epoch = 0;                              // finished ones
  std::int64_t step = 0;                      // finished ones of the epoch after them
  ScoreSum sums;                              // over these steps
  int best_epoch = 0;                         // 0: none yet
  double best_score = 0;                      // of the recipe's selection
  std::vector<float> weights;                 // the ones that are being trained, running statistics among them
  std::vector<float> average;                 // their moving average, or empty
  std::vector<std::vector<float>> optimiser;  // buffers, in the order of buffer_names()
  std::int64_t optimiser_step = 0;
};
// All arrays are in canonical layout (nn/graph.h), so that a run may go on under another engine.

// `model.parameters` are what the file is as a model: the average, or the weights themselves.
void write_checkpoint(const std::filesystem::path& file, const estimate::Model& model, const TrainState& state);

// Throws Error naming the file if it is cut short, no checkpoint, or of another network or recipe than `model`, which
// says what to expect (its parameters are not looked at).
TrainState read_checkpoint(const std::filesystem::path& file, const estimate::Model& model);

}  // namespace agewise::train
