// What a network's outputs should have been.
#pragma once
#include <limits>
#include <optional>
#include <span>

#include "agewise/age/classes.h"
#include "agewise/age/range.h"
#include "agewise/recipe/recipe.h"

namespace agewise::nn {

// What is known of one picture's age.
struct Target {
  double age;    // years; not looked at where `range` is all that is known
  double sigma;  // of the label distribution, years; 0 where the loss has no use for it
  double weight = 1;
  double male = std::numeric_limits<double>::quiet_NaN();  // 1 or 0; NaN: not known
  std::span<const float> soft = {};                        // a teacher's distribution over the classes; empty: none
  std::optional<age::Range> range = {};
};

// How many years an estimate lies above what is known (negative: below); of a range 0 inside, else to its nearest end.
inline double years_off(double estimate, const Target& target) {
  return target.range ? age::distance(estimate, *target.range) : estimate - target.age;
}

inline constexpr double kRegressionUnit = 100;  // years: the output of a regression network is age / 100

// Outputs of a network that tell the age: one a class, or 1 for regression.
inline int age_outputs(recipe::Loss loss, const age::Classes& classes) {
  return loss == recipe::Loss::regression ? 1 : classes.count();
}

// All of them: with a gender head, after those of the age, the logit of being a man.
inline int outputs_for(const recipe::TrainRecipe& recipe, const age::Classes& classes) {
  return age_outputs(recipe.loss, classes) + (recipe.gender_weight > 0 ? 1 : 0);
}

// Loss, mean over the batch of each picture's times its weight, and its gradient. `outputs` and `gradient` are batch ×
// outputs_for() raw network outputs (logits). Cross-entropy: against the age's class. Label distribution:
// Kullback–Leibler divergence from gaussian_target, or where a teacher has looked at the picture from
// (1 - distillation_weight) · gaussian_target + distillation_weight · its distribution (Hinton et al., "Distilling the
// knowledge in a neural network", 2015, at temperature 1). Expected-value L1: |Σ value·softmax - age|, years.
// Regression: (output
// - age / 100)². Mean-variance (Pan et al., "Mean-variance loss for deep age estimation", CVPR 2018): cross-entropy +
// mean_weight · ½(mean - age)² + variance_weight · variance, of softmax over the classes' values, in years. With a
// gender head plus gender_weight · its cross-entropy, 0 for a picture whose gender is not known.
//
// Of a picture whose age is known as a range: in place of the cross-entropy or the divergence minus the logarithm of
// the probability of the classes that the range touches (the likelihood of a censored observation: Turnbull, "The
// empirical distribution function with arbitrarily grouped, censored and truncated data", JRSS B 1976), and where a
// teacher has looked at it (1 - distillation_weight) times that + distillation_weight · the divergence from the
// teacher's distribution cut to these classes: inside the range the likelihood alone says nothing. A teacher that gives
// these classes less than age::kLeastWithin together is not listened to. Wherever a loss has (estimate - age), the
// distance to the nearest end of the range, 0 inside.
double loss_and_gradient(const recipe::TrainRecipe& recipe, const age::Classes& classes, std::span<const float> outputs,
                         std::span<const Target> targets, std::span<float> gradient);

// Softmax of each row of batch × n logits, in place.
void softmax_rows(std::span<float> logits, int n);

}  // namespace agewise::nn
