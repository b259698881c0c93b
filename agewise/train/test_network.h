// A network that is being measured, not trained.
#pragma once
#include <memory>

#include "agewise/estimate/model.h"
#include "agewise/nn/engine.h"
#include "agewise/train/batches.h"

namespace agewise::train {

// Runs batches of recipe.train.batch pictures the way the recipe tests: normally in inference mode; with
// predict.dropout and predict.batch_statistics as Chainer v1 did by default, dropping and normalising by the batch.
// Running statistics never move here.
class TestNetwork {
 public:
  // Throws UsageError if the recipe wants dropout but not the batch's statistics and the network has both: training
  // mode is one switch.
  // Batches are the output of `first_layer`, as for a Trainer.
  TestNetwork(const recipe::Recipe& recipe, const nn::Graph& graph, nn::Engine& engine, int first_layer = 0);

  void set_parameters(std::span<const float> plain);  // of the whole graph

  // Batch × outputs, valid until the next call. `epoch` (from 1; 0 for a finished model) only matters for dropout.
  std::span<const float> outputs(const Batch& batch, int epoch = 0);

  std::size_t memory_bytes() const { return network_->memory_bytes(); }

 private:
  std::uint64_t seed_;
  std::size_t held_;  // parameters of the layers before what is compiled
  std::unique_ptr<nn::Executable> network_;
};

}  // namespace agewise::train
