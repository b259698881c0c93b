#include "agewise/train/batches.h"

#include <algorithm>

#include "agewise/base/workers.h"

namespace agewise::train {
namespace {

constexpr std::size_t kBuffers = 3;  // one in use, one ready, one being filled

}  // namespace

std::vector<std::uint32_t> rows_of_batch(std::span<const std::uint32_t> order, std::size_t step, std::size_t batch) {
  std::vector<std::uint32_t> rows(batch);
  for (std::size_t row = 0; row < batch; ++row) rows[row] = order[(step * batch + row) % order.size()];
  return rows;
}

std::int64_t batches_in(std::size_t samples, std::size_t batch) {
  return static_cast<std::int64_t>((samples + batch - 1) / batch);
}

void fill_inputs(const InputSource& source, int epoch, int threads, Batch& batch) {
  std::size_t size = batch.inputs.size() / batch.samples.size();
  base::parallel_for(threads, batch.samples.size(), [&](std::size_t row) {
    source(batch.samples[row], epoch, std::span(batch.inputs).subspan(row * size, size));
  });
}

BatchStream::BatchStream(InputSource source, std::vector<std::uint32_t> order, std::size_t input_size,
                         std::size_t batch, StreamOptions options)
    : source_(std::move(source)),
      order_(std::move(order)),
      batch_(batch),
      first_row_(options.first_row),
      rows_(options.rows > 0 ? options.rows : batch),
      options_(options),
      free_(kBuffers),
      ready_(kBuffers) {
  for (std::size_t i = 0; i < kBuffers; ++i) free_.push({std::vector<float>(rows_ * input_size), {}, 0});
  thread_ = std::thread([this] { gather(); });
}

BatchStream::~BatchStream() {
  free_.close();
  ready_.close();
  thread_.join();
}

Batch* BatchStream::next() {
  if (!current_.inputs.empty()) free_.push(std::move(current_));
  std::optional<Batch> batch = ready_.pop();
  if (!batch) {
    current_ = {};
    if (problem_) std::rethrow_exception(problem_);
    return nullptr;
  }
  current_ = std::move(*batch);
  return &current_;
}

void BatchStream::gather() {
  try {
    for (std::size_t step = options_.first_step; step * batch_ < order_.size(); step += options_.every) {
      std::optional<Batch> batch = free_.pop();
      if (!batch) return;
      std::vector<std::uint32_t> whole = rows_of_batch(order_, step, batch_);
      batch->samples.resize(rows_);
      for (std::size_t row = 0; row < rows_; ++row) batch->samples[row] = whole[(first_row_ + row) % batch_];
      batch->fresh = std::min(batch_, order_.size() - step * batch_);
      fill_inputs(source_, options_.epoch, options_.threads, *batch);
      if (!ready_.push(std::move(*batch))) return;
    }
  } catch (...) {
    problem_ = std::current_exception();
  }
  ready_.close();
}

}  // namespace agewise::train
