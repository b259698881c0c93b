#include "agewise/nn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace agewise::nn {

double rate_at(const recipe::TrainRecipe& recipe, std::int64_t step, std::int64_t steps_per_epoch) {
  double epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  switch (recipe.schedule) {
    case recipe::Schedule::constant:
      return recipe.learning_rate;
    case recipe::Schedule::step:
      return recipe.learning_rate * std::pow(recipe.step_factor, std::floor(epoch / recipe.step_epochs));
    case recipe::Schedule::cosine:
      break;
  }
  if (epoch < recipe.warmup_epochs) {
    return recipe.learning_rate * static_cast<double>(step + 1) /
           static_cast<double>(recipe.warmup_epochs * steps_per_epoch);
  }
  double done =
      (epoch - recipe.warmup_epochs) / std::max(1e-9, static_cast<double>(recipe.epochs - recipe.warmup_epochs));
  return recipe.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
}

UpdateRule update_rule_of(const recipe::TrainRecipe& recipe) {
  UpdateRule rule;
  switch (recipe.optimiser) {
    case recipe::Optimiser::sgd:
      rule.kind = optimiser::Sgd{recipe.momentum};
      break;
    case recipe::Optimiser::rmsprop:
      rule.kind = optimiser::RmsProp{recipe.alpha, recipe.epsilon};
      break;
    case recipe::Optimiser::adamw:
      rule.kind = optimiser::AdamW{recipe.beta1, recipe.beta2, recipe.epsilon};
      break;
  }
  rule.weight_decay = recipe.weight_decay;
  rule.ema_decay = recipe.ema_decay;
  return rule;
}

}  // namespace agewise::nn
