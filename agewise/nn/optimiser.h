// The update of engines whose parameters lie in the process's memory, and the buckets in which gradients are summed.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agewise/nn/engine.h"

namespace agewise::nn {

// What files call Array::first_buffer and Array::second_buffer, as many as the rule keeps.
std::vector<std::string> buffer_names(const UpdateRule& rule);
inline Array optimiser_buffer(std::size_t number) { return number == 0 ? Array::first_buffer : Array::second_buffer; }

// Where a parameter lies in a flat array in the engine's layout. Padding, if any, is 0 and stays 0 under every rule.
struct ParameterBlock {
  std::size_t offset, size;  // in floats
  int parameter;             // index into parameters_of(graph)
  int step;                  // of the backward pass, after which its gradient is complete; they count down
};

// Owns the optimiser's buffers and the average, in the engine's layout, and drives the reducer.
class Updater {
 public:
  // `blocks` cover arrays of `size` floats in ascending order of offset and of step.
  Updater(const Training& training, std::vector<ParameterInfo> parameters, std::vector<ParameterBlock> blocks,
          std::size_t size);
  ~Updater();  // waits for sums that are still on their way
  Updater(const Updater&) = delete;
  Updater& operator=(const Updater&) = delete;

  // While the backward pass runs. Before its first step, and when `step` and all above it are done.
  void begin_backward();
  void step_done(int step, std::span<float> gradients);
  // Waits for all sums: the gradients may be read.
  void finish_sums();

  // As Executable::update(): one pass over each block, element by element, vectorised and parallel, then one over the
  // average. The same bits whatever the number of threads.
  void update(double rate, std::span<float> parameters, std::span<const float> gradients);

  // The average or a buffer. Throws std::logic_error if the rule keeps none.
  std::span<float> array(Array array);
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t count) { updates_ = count; }
  std::size_t memory_bytes() const;

 private:
  struct Bucket {
    std::size_t begin, end;  // of blocks_
  };
  bool learns(std::size_t block) const;
  void make_buckets();
  std::span<float> of(const Bucket& bucket, std::span<float> gradients) const;
  void wait();  // for the first bucket that is on its way
  void update_blocks(std::size_t begin, std::size_t end, double rate, std::span<float> parameters,
                     std::span<const float> gradients);

  Training training_;
  std::vector<ParameterInfo> parameters_;
  std::vector<ParameterBlock> blocks_;
  std::vector<Bucket> buckets_;            // from the last layer on; empty without a reducer
  std::size_t started_ = 0, awaited_ = 0;  // buckets, since the last backward pass began
  std::vector<std::vector<float>> buffers_;
  std::vector<float> average_;
  std::int64_t updates_ = 0;
};

}  // namespace agewise::nn
