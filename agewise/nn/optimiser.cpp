#include "agewise/nn/optimiser.h"

#include <cmath>
#include <stdexcept>

#include "agewise/base/overloaded.h"

namespace agewise::nn {
namespace {

constexpr std::int64_t kWorthThreads = 1 << 14;  // floats

// Calls step(i) for i of 0 … size-1, vectorised and on all threads. Each element is computed alone: the same bits
// whatever the number of threads.
template <class Step>
void for_each_element(std::int64_t size, Step step) {
#pragma omp parallel for simd schedule(static) if (size > kWorthThreads)
  for (std::int64_t i = 0; i < size; ++i) step(i);
}

struct Arrays {
  float* weight;
  const float* gradient;
  float *first, *second;  // buffers; null where the rule has none
  std::int64_t size;
};

void update(const optimiser::Sgd& rule, float rate, float decay, const Arrays& a) {
  auto momentum = static_cast<float>(rule.momentum);
  for_each_element(a.size, [=](std::int64_t i) {
    a.first[i] = momentum * a.first[i] + (a.gradient[i] + decay * a.weight[i]);
    a.weight[i] -= rate * a.first[i];
  });
}

void update(const optimiser::RmsProp& rule, float rate, float decay, const Arrays& a) {
  auto alpha = static_cast<float>(rule.alpha), epsilon = static_cast<float>(rule.epsilon);
  for_each_element(a.size, [=](std::int64_t i) {
    float gradient = a.gradient[i] + decay * a.weight[i];
    a.first[i] = alpha * a.first[i] + (1 - alpha) * gradient * gradient;
    a.weight[i] -= rate * gradient / (std::sqrt(a.first[i]) + epsilon);
  });
}

void update(const optimiser::AdamW& rule, std::int64_t count, float rate, float decay, const Arrays& a) {
  auto beta1 = static_cast<float>(rule.beta1), beta2 = static_cast<float>(rule.beta2),
       epsilon = static_cast<float>(rule.epsilon);
  auto unbias1 = static_cast<float>(1 / (1 - std::pow(rule.beta1, count)));
  auto unbias2 = static_cast<float>(1 / (1 - std::pow(rule.beta2, count)));
  for_each_element(a.size, [=](std::int64_t i) {
    a.first[i] = beta1 * a.first[i] + (1 - beta1) * a.gradient[i];
    a.second[i] = beta2 * a.second[i] + (1 - beta2) * a.gradient[i] * a.gradient[i];
    float direction = a.first[i] * unbias1 / (std::sqrt(a.second[i] * unbias2) + epsilon);
    a.weight[i] -= rate * (direction + decay * a.weight[i]);
  });
}

void update_average(double decay, std::span<const float> parameters, std::span<float> average) {
  auto keep = static_cast<float>(decay);
  const float* from = parameters.data();
  float* to = average.data();
  for_each_element(static_cast<std::int64_t>(average.size()),
                   [=](std::int64_t i) { to[i] = keep * to[i] + (1 - keep) * from[i]; });
}

}  // namespace

std::vector<std::string> buffer_names(const UpdateRule& rule) {
  using Names = std::vector<std::string>;
  return std::visit(base::Overloaded{[](const optimiser::Sgd&) { return Names{"velocity"}; },
                                     [](const optimiser::RmsProp&) { return Names{"mean_square"}; },
                                     [](const optimiser::AdamW&) {
                                       return Names{"mean", "mean_square"};
                                     }},
                    rule.kind);
}

Updater::Updater(const Training& training, std::vector<ParameterInfo> parameters, std::vector<ParameterBlock> blocks,
                 std::size_t size)
    : training_(training), parameters_(std::move(parameters)), blocks_(std::move(blocks)) {
  if (training_.reducer != nullptr) make_buckets();
  if (!training_.rule) return;
  buffers_.assign(buffer_names(*training_.rule).size(), std::vector<float>(size));
  if (training_.rule->ema_decay > 0) average_.resize(size);
}

// Memory that sums are still written into must not go. What then fails has no one left to be told.
Updater::~Updater() {
  try {
    finish_sums();
  } catch (...) {
  }
}

bool Updater::learns(std::size_t block) const {
  const ParameterInfo& info = parameters_[static_cast<std::size_t>(blocks_[block].parameter)];
  return info.trained && info.lr_multiplier != 0;
}

// Running statistics, whose gradients are 0, go along where they lie between; what is held still may be large and ends
// a bucket.
void Updater::make_buckets() {
  bool open = false;
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    if (!learns(i)) {
      open = open && !parameters_[static_cast<std::size_t>(blocks_[i].parameter)].trained;
      continue;
    }
    if (!open) buckets_.push_back({i, i + 1});
    Bucket& bucket = buckets_.back();
    bucket.begin = i;
    std::size_t end = blocks_[bucket.end - 1].offset + blocks_[bucket.end - 1].size;
    open = (end - blocks_[i].offset) * sizeof(float) < training_.bucket_bytes;
  }
}

std::span<float> Updater::of(const Bucket& bucket, std::span<float> gradients) const {
  std::size_t begin = blocks_[bucket.begin].offset;
  return gradients.subspan(begin, blocks_[bucket.end - 1].offset + blocks_[bucket.end - 1].size - begin);
}

void Updater::begin_backward() {
  finish_sums();
  started_ = awaited_ = 0;
}

void Updater::step_done(int step, std::span<float> gradients) {
  for (; started_ < buckets_.size() && blocks_[buckets_[started_].begin].step >= step; ++started_)
    training_.reducer->start(static_cast<int>(started_), of(buckets_[started_], gradients));
}

// Counted before: a sum that fails is not waited for again.
void Updater::wait() { training_.reducer->wait(static_cast<int>(awaited_++)); }

void Updater::finish_sums() {
  while (awaited_ < started_) wait();
}

void Updater::update(double rate, std::span<float> parameters, std::span<const float> gradients) {
  if (!training_.rule) throw std::logic_error("compiled without a rule: there is no update");
  if (started_ != buckets_.size()) throw std::logic_error("an update needs a backward pass before it");
  ++updates_;
  if (buckets_.empty()) {
    update_blocks(0, blocks_.size(), rate, parameters, gradients);
  }
  for (std::size_t i = 0; i < buckets_.size(); ++i) {  // the next sums go on meanwhile
    if (awaited_ == i) wait();
    update_blocks(buckets_[i].begin, buckets_[i].end, rate, parameters, gradients);
  }
  started_ = awaited_ = 0;
  if (!average_.empty()) update_average(training_.rule->ema_decay, parameters, average_);
}

void Updater::update_blocks(std::size_t begin, std::size_t end, double rate, std::span<float> parameters,
                            std::span<const float> gradients) {
  const UpdateRule& rule = *training_.rule;
  for (std::size_t i = begin; i < end; ++i) {
    if (!learns(i)) continue;
    const ParameterBlock& block = blocks_[i];
    const ParameterInfo& info = parameters_[static_cast<std::size_t>(block.parameter)];
    auto own_rate = static_cast<float>(rate * info.lr_multiplier);
    auto decay = static_cast<float>(info.decayed ? rule.weight_decay : 0);
    Arrays arrays{parameters.data() + block.offset, gradients.data() + block.offset, buffers_[0].data() + block.offset,
                  buffers_.size() > 1 ? buffers_[1].data() + block.offset : nullptr,
                  static_cast<std::int64_t>(block.size)};
    std::visit(
        base::Overloaded{[&](const optimiser::AdamW& adamw) { nn::update(adamw, updates_, own_rate, decay, arrays); },
                         [&](const auto& other) { nn::update(other, own_rate, decay, arrays); }},
        rule.kind);
  }
}

std::span<float> Updater::array(Array array) {
  if (array == Array::average && !average_.empty()) return average_;
  if (array == Array::first_buffer && !buffers_.empty()) return buffers_[0];
  if (array == Array::second_buffer && buffers_.size() > 1) return buffers_[1];
  throw std::logic_error("the update rule keeps no such array");
}

std::size_t Updater::memory_bytes() const {
  std::size_t floats = average_.size();
  for (const std::vector<float>& buffer : buffers_) floats += buffer.size();
  return floats * sizeof(float);
}

}  // namespace agewise::nn
