#include "agewise/train/trainer.h"

#include <algorithm>
#include <utility>

#include "agewise/age/distribution.h"
#include "agewise/estimate/estimator.h"
#include "agewise/nn/cut.h"
#include "agewise/nn/optimiser.h"
#include "agewise/nn/schedule.h"

namespace agewise::train {
namespace {

bool is_right(const age::Classes& classes, int found, const nn::Target& target) {
  if (!target.range) return found == age::class_of(classes, target.age);
  return age::touched_by(*target.range, classes).contains(static_cast<std::size_t>(found));
}

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
    sum.right += is_right(model.classes, estimate.most_likely_class, targets[row]) ? 1 : 0;
    sum.absolute_error += std::abs(nn::years_off(estimate.age, targets[row]));
  }
  sum.pictures = static_cast<std::int64_t>(targets.size());
  sum.loss = nn::loss_and_gradient(model.recipe.train, model.classes, outputs, targets, gradient) *
             static_cast<double>(targets.size());
  return sum;
}

Trainer::Trainer(const estimate::Model& model, nn::Engine& engine, int first_layer, base::Communicator& communicator,
                 base::Clock clock)
    : model_(model), share_(share_of(static_cast<std::size_t>(model.recipe.train.batch), communicator)) {
  nn::Graph trained = trained_part(model.graph, first_layer);
  own_ = static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(trained)));
  held_ = static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(model.graph))) - own_;
  const recipe::TrainRecipe& recipe = model.recipe.train;
  check_share(recipe, communicator);
  if (communicator.size() > 1)
    reducer_ = std::make_unique<SumOverProcesses>(communicator, recipe.exchange, std::move(clock));
  network_ = engine.compile(
      trained, static_cast<int>(share_.rows), nn::Mode::train,
      {.rule = nn::update_rule_of(recipe), .reducer = reducer_.get(), .sync_batch_norm = recipe.sync_batch_norm});
}

void Trainer::set_state(const TrainState& state) {
  auto set = [&](nn::Array array, const std::vector<float>& plain) {
    network_->set(array, std::span(plain).subspan(held_));
  };
  set(nn::Array::parameters, state.weights);
  if (!state.average.empty()) set(nn::Array::average, state.average);
  for (std::size_t i = 0; i < state.optimiser.size(); ++i) set(nn::optimiser_buffer(i), state.optimiser[i]);
  network_->set_updates(state.optimiser_step);
}

void Trainer::get_state(TrainState& state) const {
  auto get = [&](nn::Array array, std::vector<float>& plain) {
    plain.resize(held_ + own_);
    network_->get(array, std::span(plain).subspan(held_));
  };
  nn::UpdateRule rule = nn::update_rule_of(model_.recipe.train);
  get(nn::Array::parameters, state.weights);
  if (rule.ema_decay > 0) get(nn::Array::average, state.average);
  state.optimiser.resize(nn::buffer_names(rule).size());
  for (std::size_t i = 0; i < state.optimiser.size(); ++i) get(nn::optimiser_buffer(i), state.optimiser[i]);
  state.optimiser_step = network_->updates();
}

ScoreSum Trainer::step(const Batch& batch, std::span<const nn::Target> targets, int epoch, double rate) {
  const recipe::TrainRecipe& recipe = model_.recipe.train;
  std::copy(batch.inputs.begin(), batch.inputs.end(), network_->input().begin());
  network_->forward({recipe.seed, static_cast<std::uint32_t>(epoch), batch.samples});
  std::span<float> gradient = network_->output_gradient();
  std::size_t own = gradient.size() / share_.rows * share_.own;
  ScoreSum sum;
  if (own > 0) sum = score(model_, network_->output().first(own), targets.first(share_.own), gradient.first(own));
  if (reducer_) {  // the loss is a mean over the whole batch
    auto part = static_cast<float>(static_cast<double>(share_.own) / recipe.batch);
    for (float& value : gradient.first(own)) value *= part;
    std::ranges::fill(gradient.subspan(own), 0.0F);
  }
  network_->backward();
  network_->update(rate);
  return sum;
}

std::size_t Trainer::input_size() const { return network_->input().size() / share_.rows; }

TrainState fresh_state(const estimate::Model& model) {
  TrainState state;
  state.weights = nn::initial_parameters(model.graph, model.recipe.train.seed);
  if (model.recipe.train.ema_decay > 0) state.average = state.weights;
  state.optimiser.assign(nn::buffer_names(nn::update_rule_of(model.recipe.train)).size(),
                         std::vector<float>(state.weights.size()));
  return state;
}

}  // namespace agewise::train
