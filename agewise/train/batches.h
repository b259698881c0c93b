// Batches gathered by threads of their own, ahead of the step that needs them.
#pragma once
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "agewise/base/bounded_queue.h"

namespace agewise::train {

// Writes the network input of face number `sample` into `input` (C × H × W floats): in an `epoch`, from 1, as it is
// trained on then; for 0 as it is. Called from several threads at once.
using InputSource = std::function<void(std::uint32_t sample, int epoch, std::span<float> input)>;

struct Batch {
  std::vector<float> inputs;           // batch × input size
  std::vector<std::uint32_t> samples;  // one a row
  std::size_t fresh = 0;               // rows of the whole batch before the order was at its end
};

// The rows of batch number `step` of an order: the last batch is completed with the first ones of the same order, as
// Chainer's SerialIterator completes it with those of the next. `order` must not be empty.
std::vector<std::uint32_t> rows_of_batch(std::span<const std::uint32_t> order, std::size_t step, std::size_t batch);

std::int64_t batches_in(std::size_t samples, std::size_t batch);

// Writes the inputs of `batch.samples` into `batch.inputs`, on so many threads.
void fill_inputs(const InputSource& source, int epoch, int threads, Batch& batch);

struct StreamOptions {
  int epoch = 0;  // as for InputSource
  int threads = 1;
  std::size_t first_step = 0, every = 1;  // steps first_step, first_step + every …
  // Of each batch only so many rows from `first_row` on, after its last its first ones again; 0: all.
  std::size_t first_row = 0, rows = 0;
};

// The batches of one pass. Memory: three batches.
class BatchStream {
 public:
  BatchStream(InputSource source, std::vector<std::uint32_t> order, std::size_t input_size, std::size_t batch,
              StreamOptions options = {});
  ~BatchStream();
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;

  // The next batch, the caller's to change until the next call; null after the last. Throws what the source threw.
  Batch* next();

 private:
  void gather();

  InputSource source_;
  std::vector<std::uint32_t> order_;
  std::size_t batch_;
  std::size_t first_row_, rows_;  // of each batch
  StreamOptions options_;
  base::BoundedQueue<Batch> free_, ready_;
  Batch current_;
  std::exception_ptr problem_;  // written by the thread before it closes `ready_`
  std::thread thread_;
};

}  // namespace agewise::train
