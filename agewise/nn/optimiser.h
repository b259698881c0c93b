// Steps downhill over flat buffers.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agewise/nn/engine.h"
#include "agewise/recipe/recipe.h"

namespace agewise::nn {

// Learning rate at `step` of `steps_per_epoch` (both from 0).
double rate_at(const recipe::TrainRecipe& recipe, std::int64_t step, std::int64_t steps_per_epoch);

// Optimiser state: buffers in the engine's own layout, as many as the rule needs.
struct OptimiserState {
  std::vector<std::vector<float>> buffers;  // sgd: velocity; rmsprop: mean square; adamw: mean, mean square
  std::int64_t step = 0;
};

OptimiserState make_state(const recipe::TrainRecipe& recipe, std::size_t size);
std::vector<std::string> buffer_names(const recipe::TrainRecipe& recipe);

// One step on executable.parameters() from executable.gradients(), element by element in the engine's layout,
// vectorised and parallel, in a fixed order: the same bits every time. sgd: v = μv + g; w
// -= rate·v (PyTorch's). rmsprop: s = αs + (1-α)g²; w -= rate·g/(√s + ε) (Chainer's and PyTorch's). adamw: Loshchilov
// and Hutter, ICLR 2019. Weight decay: added to g for sgd and rmsprop, decoupled for adamw; only on `decayed`
// parameters.
void optimiser_step(const recipe::TrainRecipe& recipe, double rate, Executable& executable,
                    const std::vector<ParameterInfo>& parameters, OptimiserState& state);

// average = decay·average + (1-decay)·parameters.
void update_average(double decay, std::span<const float> parameters, std::span<float> average);

}  // namespace agewise::nn
