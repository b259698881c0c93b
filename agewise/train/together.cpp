#include "agewise/train/together.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/base/json.h"

namespace agewise::train {

Share share_of(std::size_t batch, const base::Communicator& communicator) {
  auto processes = static_cast<std::size_t>(communicator.size()), rank = static_cast<std::size_t>(communicator.rank());
  std::size_t rows = (batch + processes - 1) / processes, first = rank * rows;
  return {first, rows, std::min(rows, batch - std::min(batch, first))};
}

void check_share(const recipe::TrainRecipe& recipe, const base::Communicator& communicator) {
  int processes = communicator.size(), rest = recipe.batch % processes;
  if (!recipe.sync_batch_norm || rest == 0) return;
  throw base::UsageError(fmt::format(
      "train.sync_batch_norm needs a train.batch that is a multiple of the number of processes, and {0} is not a "
      "multiple of {1}: start a number of processes that divides {0}, or, for a new run, set train.batch={2}",
      recipe.batch, processes, recipe.batch - rest + processes));
}

template <class Call>
void SumOverProcesses::timed(Call call) {
  double before = clock_();
  call();
  waited_ += clock_() - before;
}

void SumOverProcesses::start(int bucket, std::span<float> gradients) {
  if (exchange_ == recipe::Exchange::float32) return communicator_.start_sum(gradients);
  auto place = static_cast<std::size_t>(bucket);
  if (place >= rounded_.size()) rounded_.resize(place + 1);
  Rounded& rounded = rounded_[place];
  rounded.gradients = gradients;
  rounded.values.resize(gradients.size());
  std::ranges::transform(gradients, rounded.values.begin(), base::to_bfloat16);
  communicator_.start_sum(std::span(rounded.values));
}

void SumOverProcesses::wait(int bucket) {
  timed([this] { communicator_.finish_sum(); });
  if (exchange_ == recipe::Exchange::float32) return;
  Rounded& rounded = rounded_[static_cast<std::size_t>(bucket)];
  std::ranges::transform(rounded.values, rounded.gradients.begin(), base::to_float);
}

void SumOverProcesses::sum(std::span<double> values) {
  timed([&] { communicator_.sum(values); });
}

void broadcast_state(base::Communicator& communicator, TrainState& state) {
  if (communicator.size() == 1) return;
  auto whole = [&](auto& value) { communicator.broadcast(std::as_writable_bytes(std::span(&value, 1))); };
  whole(state.epoch), whole(state.step), whole(state.sums);
  whole(state.best_epoch), whole(state.best_score), whole(state.optimiser_step);
  broadcast_floats(communicator, state.weights);
  broadcast_floats(communicator, state.average);
  std::size_t buffers = state.optimiser.size();
  whole(buffers);
  state.optimiser.resize(buffers);
  for (std::vector<float>& buffer : state.optimiser) broadcast_floats(communicator, buffer);
}

void check_same(base::Communicator& communicator, const std::string& mine, const std::string& what,
                const std::string& advice) {
  std::vector<std::string> all = communicator.gather(mine);
  auto other = std::ranges::find_if(all, [&](const std::string& one) { return one != all.front(); });
  if (other == all.end()) return;
  auto rank = static_cast<int>(other - all.begin());
  throw base::UsageError(fmt::format("{} is another on {} (process {}) than on {}: {}", what, communicator.host(rank),
                                     rank, communicator.host(0), advice));
}

void check_same_stores(base::Communicator& communicator, const store::Stores& stores) {
  for (std::size_t i = 0; i < stores.count(); ++i)
    check_same(communicator, stores[i].content(), "the store " + stores[i].file().string(), kCopyAnew);
}

nn::TuningCache broadcast_choices(base::Communicator& communicator, const nn::TuningCache& mine) {
  if (communicator.size() == 1) return mine;
  std::string text = base::broadcast_text(communicator, base::json_text(nlohmann::json(mine)));
  return base::parse_json(text).get<nn::TuningCache>();
}

std::string hash_of_trained(const estimate::Model& model, std::span<const float> weights) {
  base::ContentHasher hasher;
  for (const nn::ParameterInfo& parameter : nn::parameters_of(model.graph)) {
    auto size = static_cast<std::size_t>(parameter.size());
    if (parameter.trained) hasher.add(std::as_bytes(weights.first(size)));
    weights = weights.subspan(size);
  }
  return hasher.hash();
}

}  // namespace agewise::train
