#include "agewise/train/trainer.h"

#include <algorithm>

#include "agewise/estimate/estimator.h"
#include "agewise/nn/cut.h"

namespace agewise::train {
namespace {

nn::Graph trained_part(const nn::Graph& graph, int first_layer) {
  return first_layer > 0 ? nn::after(graph, first_layer) : graph;
}

}  // namespace

ScoreSum& operator+=(ScoreSum& sum, const ScoreSum& more) {
  sum.loss += more.loss;
  sum.right += more.right;
  sum.absolute_error += more.absolute_error;
  sum.pictures += more.pictures;
  return sum;
}

PartScores mean_of(const ScoreSum& sum) {
  auto n = static_cast<double>(sum.pictures);
  return {sum.loss / n, sum.right / n, sum.absolute_error / n};
}

ScoreSum score(const estimate::Model& model, std::span<const float> outputs, std::span<const nn::Target> targets,
               std::span<float> gradient) {
  ScoreSum sum;
  std::size_t width = outputs.size() / targets.size();
  for (std::size_t row = 0; row < targets.size(); ++row) {
    estimate::Estimate estimate = estimate::estimate_of(model, outputs.subspan(row * width, width));
    sum.right += estimate.most_likely_class == age::class_of(model.classes, targets[row].age) ? 1 : 0;
    sum.absolute_error += std::abs(estimate.age - targets[row].age);
  }
  sum.pictures = static_cast<std::int64_t>(targets.size());
  sum.loss = nn::loss_and_gradient(model.recipe.train, model.classes, outputs, targets, gradient) *
             static_cast<double>(targets.size());
  return sum;
}

Trainer::Trainer(const estimate::Model& model, nn::Engine& engine, int first_layer)
    : model_(model),
      graph_(trained_part(model.graph, first_layer)),
      parameters_(nn::parameters_of(graph_)),
      held_(static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(model.graph)) -
                                     nn::parameter_count(parameters_))),
      network_(engine.compile(graph_, model.recipe.train.batch, nn::Mode::train)),
      optimiser_(nn::make_state(model.recipe.train, network_->parameters().size())) {}

void Trainer::set_state(const TrainState& state) {
  auto own = [&](const std::vector<float>& plain) { return std::span(plain).subspan(held_); };
  network_->set_parameters(own(state.weights));
  for (std::size_t i = 0; i < optimiser_.buffers.size(); ++i) {
    network_->from_plain(own(state.optimiser[i]), optimiser_.buffers[i]);
  }
  optimiser_.step = state.optimiser_step;
  average_.assign(state.average.empty() ? 0 : network_->parameters().size(), 0.0F);
  if (!average_.empty()) network_->from_plain(own(state.average), average_);
}

void Trainer::to_plain(std::span<const float> own, std::vector<float>& plain) const {
  plain.resize(held_ + static_cast<std::size_t>(nn::parameter_count(parameters_)));
  network_->to_plain(own, std::span(plain).subspan(held_));
}

void Trainer::get_state(TrainState& state) const {
  to_plain(network_->parameters(), state.weights);
  if (!average_.empty()) to_plain(average_, state.average);
  state.optimiser.resize(optimiser_.buffers.size());
  for (std::size_t i = 0; i < optimiser_.buffers.size(); ++i) to_plain(optimiser_.buffers[i], state.optimiser[i]);
  state.optimiser_step = optimiser_.step;
}

ScoreSum Trainer::step(const Batch& batch, std::span<const nn::Target> targets, int epoch, double rate) {
  const recipe::TrainRecipe& recipe = model_.recipe.train;
  std::copy(batch.inputs.begin(), batch.inputs.end(), network_->input().begin());
  network_->forward({recipe.seed, static_cast<std::uint32_t>(epoch), batch.samples});
  ScoreSum sum = score(model_, network_->output(), targets, network_->output_gradient());
  network_->backward();
  nn::optimiser_step(recipe, rate, *network_, parameters_, optimiser_);
  if (!average_.empty()) nn::update_average(recipe.average, network_->parameters(), average_);
  return sum;
}

std::size_t Trainer::input_size() const {
  return network_->input().size() / static_cast<std::size_t>(model_.recipe.train.batch);
}

std::size_t Trainer::memory_bytes() const {
  return network_->memory_bytes() +
         (optimiser_.buffers.size() + (model_.recipe.train.average > 0 ? 1 : 0)) * network_->parameters().size_bytes();
}

TrainState fresh_state(const estimate::Model& model) {
  TrainState state;
  state.weights = nn::initial_parameters(model.graph, model.recipe.train.seed);
  if (model.recipe.train.average > 0) state.average = state.weights;
  state.optimiser.assign(nn::buffer_names(model.recipe.train).size(), std::vector<float>(state.weights.size()));
  return state;
}

}  // namespace agewise::train
