// One network being trained: the steps, and its state in and out. Knows no files; train.h has the loop around it.
#pragma once
#include <memory>

#include "agewise/nn/engine.h"
#include "agewise/nn/loss.h"
#include "agewise/train/batches.h"
#include "agewise/train/checkpoint.h"
#include "agewise/train/log.h"
#include "agewise/train/together.h"

namespace agewise::train {

ScoreSum& operator+=(ScoreSum& sum, const ScoreSum& more);
PartScores mean_of(const ScoreSum& sum);

// What the raw outputs of a network score, a row a target; `gradient` receives the loss's.
ScoreSum score(const estimate::Model& model, std::span<const float> outputs, std::span<const nn::Target> targets,
               std::span<float> gradient);

// Fresh weights, an optimiser that has not moved yet.
TrainState fresh_state(const estimate::Model& model);

class Trainer {
 public:
  // Of the layers after `first_layer`, whose output its batches are: 0, the input, for the whole network. `model` must
  // outlive it; its parameters are not looked at. Of several processes it trains its share of the batch and tells by
  // `clock` how long it has waited for the others. Throws as check_share() does.
  Trainer(const estimate::Model& model, nn::Engine& engine, int first_layer = 0,
          base::Communicator& communicator = base::alone(), base::Clock clock = {});

  // Weights, average and optimiser, of the whole network; what else is in the state is the loop's. get_state() leaves
  // alone what comes before first_layer.
  void set_state(const TrainState& state);
  void get_state(TrainState& state) const;

  // Forward, backward and an update; `batch` is this process's share, and what it scored before the update is returned.
  // `epoch` drives dropout.
  ScoreSum step(const Batch& batch, std::span<const nn::Target> targets, int epoch, double rate);

  std::size_t input_size() const;  // floats of one row of a batch
  const Share& share() const { return share_; }
  double seconds_waited() const { return reducer_ ? reducer_->seconds_waited() : 0; }  // for the other processes
  std::size_t memory_bytes() const { return network_->memory_bytes(); }                // with optimiser and average
  std::vector<std::string> kernels() const { return network_->kernels(); }

 private:
  const estimate::Model& model_;
  std::size_t held_ = 0;  // parameters of the layers before what is trained
  std::size_t own_ = 0;   // parameters of what is trained
  Share share_;
  std::unique_ptr<SumOverProcesses> reducer_;  // null: this process is alone
  std::unique_ptr<nn::Executable> network_;
};

}  // namespace agewise::train
