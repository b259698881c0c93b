#include "agewise/nn/optimiser.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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
  float *first, *second;  // of the optimiser's state; null where the rule has none
  std::int64_t size;
};

void sgd_step(const recipe::TrainRecipe& recipe, float rate, float decay, const Arrays& a) {
  auto momentum = static_cast<float>(recipe.momentum);
  for_each_element(a.size, [=](std::int64_t i) {
    a.first[i] = momentum * a.first[i] + (a.gradient[i] + decay * a.weight[i]);
    a.weight[i] -= rate * a.first[i];
  });
}

void rmsprop_step(const recipe::TrainRecipe& recipe, float rate, float decay, const Arrays& a) {
  auto alpha = static_cast<float>(recipe.alpha), epsilon = static_cast<float>(recipe.epsilon);
  for_each_element(a.size, [=](std::int64_t i) {
    float gradient = a.gradient[i] + decay * a.weight[i];
    a.first[i] = alpha * a.first[i] + (1 - alpha) * gradient * gradient;
    a.weight[i] -= rate * gradient / (std::sqrt(a.first[i]) + epsilon);
  });
}

void adamw_step(const recipe::TrainRecipe& recipe, float rate, float decay, std::int64_t step, const Arrays& a) {
  auto beta1 = static_cast<float>(recipe.beta1), beta2 = static_cast<float>(recipe.beta2),
       epsilon = static_cast<float>(recipe.epsilon);
  auto unbias1 = static_cast<float>(1 / (1 - std::pow(recipe.beta1, step)));
  auto unbias2 = static_cast<float>(1 / (1 - std::pow(recipe.beta2, step)));
  for_each_element(a.size, [=](std::int64_t i) {
    a.first[i] = beta1 * a.first[i] + (1 - beta1) * a.gradient[i];
    a.second[i] = beta2 * a.second[i] + (1 - beta2) * a.gradient[i] * a.gradient[i];
    float direction = a.first[i] * unbias1 / (std::sqrt(a.second[i] * unbias2) + epsilon);
    a.weight[i] -= rate * (direction + decay * a.weight[i]);
  });
}

}  // namespace

double rate_at(const recipe::TrainRecipe& recipe, std::int64_t step, std::int64_t steps_per_epoch) {
  double epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  switch (recipe.schedule) {
    case recipe::Schedule::constant:
      return recipe.rate;
    case recipe::Schedule::step:
      return recipe.rate * std::pow(recipe.step_factor, std::floor(epoch / recipe.step_epochs));
    case recipe::Schedule::cosine:
      break;
  }
  if (epoch < recipe.warmup_epochs) {
    return recipe.rate * static_cast<double>(step + 1) / static_cast<double>(recipe.warmup_epochs * steps_per_epoch);
  }
  double done =
      (epoch - recipe.warmup_epochs) / std::max(1e-9, static_cast<double>(recipe.epochs - recipe.warmup_epochs));
  return recipe.rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
}

std::vector<std::string> buffer_names(const recipe::TrainRecipe& recipe) {
  switch (recipe.optimiser) {
    case recipe::Optimiser::sgd:
      return {"velocity"};
    case recipe::Optimiser::rmsprop:
      return {"mean_square"};
    case recipe::Optimiser::adamw:
      break;
  }
  return {"mean", "mean_square"};
}

OptimiserState make_state(const recipe::TrainRecipe& recipe, std::size_t size) {
  return {std::vector<std::vector<float>>(buffer_names(recipe).size(), std::vector<float>(size, 0.0F)), 0};
}

void optimiser_step(const recipe::TrainRecipe& recipe, double rate, Executable& executable,
                    const std::vector<ParameterInfo>& parameters, OptimiserState& state) {
  ++state.step;
  std::span<float> weights = executable.parameters(), gradients = executable.gradients();
  for (const Executable::Block& block : executable.blocks()) {
    const ParameterInfo& parameter = parameters[block.parameter];
    if (!parameter.trained || parameter.rate_factor == 0) continue;
    auto own_rate = static_cast<float>(rate * parameter.rate_factor);
    auto decay = static_cast<float>(parameter.decayed ? recipe.weight_decay : 0);
    Arrays arrays{weights.data() + block.offset, gradients.data() + block.offset,
                  state.buffers[0].data() + block.offset,
                  state.buffers.size() > 1 ? state.buffers[1].data() + block.offset : nullptr,
                  static_cast<std::int64_t>(block.size)};
    switch (recipe.optimiser) {
      case recipe::Optimiser::sgd:
        sgd_step(recipe, own_rate, decay, arrays);
        break;
      case recipe::Optimiser::rmsprop:
        rmsprop_step(recipe, own_rate, decay, arrays);
        break;
      case recipe::Optimiser::adamw:
        adamw_step(recipe, own_rate, decay, state.step, arrays);
        break;
    }
  }
}

void update_average(double decay, std::span<const float> parameters, std::span<float> average) {
  auto keep = static_cast<float>(decay);
  const float* from = parameters.data();
  float* to = average.data();
  for_each_element(static_cast<std::int64_t>(average.size()),
                   [=](std::int64_t i) { to[i] = keep * to[i] + (1 - keep) * from[i]; });
}

}  // namespace agewise::nn
