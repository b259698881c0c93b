#include "agewise/nn/optimiser.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/nn/golden.h"

namespace agewise {
namespace {

// One fully connected layer 2 → 3 without bias: six weights, driven by gradients given from outside.
Graph six_weights() {
  Graph graph;
  graph.layers.push_back({"input", layer::Input{{2, 1, 1}}, {}, {2, 1, 1}});
  graph.layers.push_back({"fc", layer::FullyConnected{3, false, Initial::he_normal}, {0}, {3, 1, 1}});
  graph.inputs = {0};
  graph.outputs = {1};
  return graph;
}

std::vector<float> after_five_steps(const TrainRecipe& recipe, const Graph& graph) {
  std::unique_ptr<Executable> network = make_reference_engine()->compile(graph, 1, Mode::train);
  std::vector<float> start = golden_numbers(7, 6);
  std::copy(start.begin(), start.end(), network->parameters().begin());
  OptimiserState state = make_state(recipe, 6);
  for (int step = 0; step < 5; ++step) {
    std::vector<float> gradient = golden_numbers(100 + step, 6);
    std::copy(gradient.begin(), gradient.end(), network->gradients().begin());
    optimiser_step(recipe, recipe.rate, *network, parameters_of(graph), state);
  }
  return {network->parameters().begin(), network->parameters().end()};
}

TrainRecipe recipe_of(Optimiser optimiser) {
  TrainRecipe recipe;
  recipe.optimiser = optimiser;
  recipe.rate = 1e-2;
  recipe.weight_decay = 0.01;
  return recipe;
}

TEST(Optimiser, each_rule_steps_as_in_pytorch) {
  for (auto [name, optimiser] :
       {std::pair{"rmsprop", Optimiser::rmsprop}, {"sgd", Optimiser::sgd}, {"adamw", Optimiser::adamw}}) {
    std::vector<float> found = after_five_steps(recipe_of(optimiser), six_weights());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], golden(name)[i], 1e-6) << name << " " << i;
  }
}

TEST(Optimiser, a_rate_factor_of_zero_holds_a_layer_still) {
  Graph graph = six_weights();
  graph.layers[1].rate_factor = 0;
  EXPECT_EQ(after_five_steps(recipe_of(Optimiser::sgd), graph), golden_numbers(7, 6));
}

TEST(Rate, constant_and_step_by_hand) {
  TrainRecipe recipe;
  recipe.rate = 0.1;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 12345, 10), 0.1);
  recipe.schedule = Schedule::step;
  recipe.step_epochs = 30;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 299, 10), 0.1);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 300, 10), 0.1 * 0.1);
}

// Linear over the first 2 of 12 epochs, then half a cosine: half of the rate in the middle of the other 10, 0 at the
// end.
TEST(Rate, cosine_warms_up_and_comes_down_to_zero) {
  TrainRecipe recipe;
  recipe.rate = 0.1;
  recipe.schedule = Schedule::cosine;
  recipe.warmup_epochs = 2;
  recipe.epochs = 12;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 0, 10), 0.1 / 20);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 19, 10), 0.1);
  EXPECT_NEAR(rate_at(recipe, 70, 10), 0.05, 1e-12);
  EXPECT_NEAR(rate_at(recipe, 120, 10), 0, 1e-12);
}

TEST(Average, moves_by_one_minus_its_decay) {
  std::vector<float> parameters{1, 2}, average{0, 4};
  update_average(0.75, parameters, average);
  EXPECT_EQ(average, (std::vector<float>{0.25F, 3.5F}));
}

}  // namespace
}  // namespace agewise
