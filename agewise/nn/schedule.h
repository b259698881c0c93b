// How a recipe trains: learning rates and the update rule.
#pragma once
#include <cstdint>

#include "agewise/nn/engine.h"
#include "agewise/recipe/recipe.h"

namespace agewise::nn {

// Learning rate at `step` of `steps_per_epoch` (both from 0).
double rate_at(const recipe::TrainRecipe& recipe, std::int64_t step, std::int64_t steps_per_epoch);

UpdateRule update_rule_of(const recipe::TrainRecipe& recipe);

}  // namespace agewise::nn
