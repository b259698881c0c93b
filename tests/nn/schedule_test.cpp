#include "agewise/nn/schedule.h"

#include <gtest/gtest.h>

namespace agewise::nn {
namespace {

TEST(Rate, constant_and_step_by_hand) {
  recipe::TrainRecipe recipe;
  recipe.learning_rate = 0.1;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 12345, 10), 0.1);
  recipe.schedule = recipe::Schedule::step;
  recipe.step_epochs = 30;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 299, 10), 0.1);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 300, 10), 0.1 * 0.1);
}

// Linear over the first 2 of 12 epochs, then half a cosine: half of the rate in the middle of the other 10, 0 at the
// end.
TEST(Rate, cosine_warms_up_and_comes_down_to_zero) {
  recipe::TrainRecipe recipe;
  recipe.learning_rate = 0.1;
  recipe.schedule = recipe::Schedule::cosine;
  recipe.warmup_epochs = 2;
  recipe.epochs = 12;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 0, 10), 0.1 / 20);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 19, 10), 0.1);
  EXPECT_NEAR(rate_at(recipe, 70, 10), 0.05, 1e-12);
  EXPECT_NEAR(rate_at(recipe, 120, 10), 0, 1e-12);
}

TEST(UpdateRule, has_the_recipes_constants) {
  recipe::TrainRecipe recipe;
  recipe.momentum = 0.1, recipe.alpha = 0.2, recipe.beta1 = 0.3, recipe.beta2 = 0.4, recipe.epsilon = 0.5;
  recipe.weight_decay = 0.6, recipe.ema_decay = 0.7;
  recipe.optimiser = recipe::Optimiser::sgd;
  EXPECT_EQ(std::get<optimiser::Sgd>(update_rule_of(recipe).kind).momentum, 0.1);
  recipe.optimiser = recipe::Optimiser::rmsprop;
  auto rmsprop = std::get<optimiser::RmsProp>(update_rule_of(recipe).kind);
  EXPECT_EQ(std::pair(rmsprop.alpha, rmsprop.epsilon), std::pair(0.2, 0.5));
  recipe.optimiser = recipe::Optimiser::adamw;
  auto adamw = std::get<optimiser::AdamW>(update_rule_of(recipe).kind);
  EXPECT_EQ(std::tuple(adamw.beta1, adamw.beta2, adamw.epsilon), std::tuple(0.3, 0.4, 0.5));
  EXPECT_EQ(update_rule_of(recipe).weight_decay, 0.6);
  EXPECT_EQ(update_rule_of(recipe).ema_decay, 0.7);
}

}  // namespace
}  // namespace agewise::nn
