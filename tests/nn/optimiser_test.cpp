#include "agewise/nn/optimiser.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>

#include "tests/nn/golden.h"

namespace agewise::nn {
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

std::vector<float> after_five_steps(const recipe::TrainRecipe& recipe, const Graph& graph) {
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

recipe::TrainRecipe recipe_of(recipe::Optimiser optimiser) {
  recipe::TrainRecipe recipe;
  recipe.optimiser = optimiser;
  recipe.rate = 1e-2;
  recipe.epsilon = 0.01;  // large enough to show where it stands: outside the root
  recipe.weight_decay = 0.01;
  return recipe;
}

TEST(Optimiser, each_rule_steps_as_in_pytorch) {
  for (auto [name, optimiser] : {std::pair{"rmsprop", recipe::Optimiser::rmsprop},
                                 {"sgd", recipe::Optimiser::sgd},
                                 {"adamw", recipe::Optimiser::adamw}}) {
    std::vector<float> found = after_five_steps(recipe_of(optimiser), six_weights());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], golden(name)[i], 1e-6) << name << " " << i;
  }
}

TEST(Optimiser, a_rate_factor_of_zero_holds_a_layer_still) {
  Graph graph = six_weights();
  graph.layers[1].rate_factor = 0;
  EXPECT_EQ(after_five_steps(recipe_of(recipe::Optimiser::sgd), graph), golden_numbers(7, 6));
}

// SGD without gradient takes rate · decay of a weight away: 1 % of 10 %; from biases and normalisation nothing.
TEST(Optimiser, weight_decay_is_for_weights_alone) {
  Graph graph = six_weights();
  std::get<layer::FullyConnected>(graph.layers[1].kind).bias = true;
  graph.layers.push_back({"norm", layer::BatchNorm{1e-5, 0.9}, {1}, {3, 1, 1}});
  graph.outputs = {2};
  recipe::TrainRecipe recipe = recipe_of(recipe::Optimiser::sgd);
  recipe.weight_decay = 0.1;
  std::unique_ptr<Executable> network = make_reference_engine()->compile(graph, 1, Mode::train);
  std::fill(network->parameters().begin(), network->parameters().end(), 1.0F);
  OptimiserState state = make_state(recipe, network->parameters().size());
  optimiser_step(recipe, 0.01, *network, parameters_of(graph), state);
  for (std::size_t i = 0; i < network->parameters().size(); ++i)
    EXPECT_FLOAT_EQ(network->parameters()[i], i < 6 ? 0.999F : 1.0F) << i;
}

// From 0 by rate 0.01 · factor 3 · gradient 1.
TEST(Optimiser, a_rate_factor_multiplies_the_rate) {
  Graph graph = six_weights();
  graph.layers[1].rate_factor = 3;
  recipe::TrainRecipe recipe = recipe_of(recipe::Optimiser::sgd);
  recipe.weight_decay = 0;
  std::unique_ptr<Executable> network = make_reference_engine()->compile(graph, 1, Mode::train);
  std::fill(network->gradients().begin(), network->gradients().end(), 1.0F);
  OptimiserState state = make_state(recipe, 6);
  optimiser_step(recipe, 0.01, *network, parameters_of(graph), state);
  EXPECT_FLOAT_EQ(network->parameters()[0], -0.03F);
}

// Large enough for threads, and of a length that no vector divides.
TEST(Optimiser, gives_the_same_bits_on_one_thread_and_on_two) {
  Graph graph = six_weights();
  graph.layers[0] = {"input", layer::Input{{257, 1, 1}}, {}, {257, 1, 1}};
  graph.layers[1] = {"fc", layer::FullyConnected{301, false, Initial::he_normal}, {0}, {301, 1, 1}};
  auto step_on = [&](recipe::Optimiser optimiser, int threads) {
    omp_set_num_threads(threads);
    std::unique_ptr<Executable> network = make_reference_engine()->compile(graph, 1, Mode::train);
    std::vector<float> start = golden_numbers(8, network->parameters().size()),
                       gradient = golden_numbers(9, start.size());
    std::copy(start.begin(), start.end(), network->parameters().begin());
    std::copy(gradient.begin(), gradient.end(), network->gradients().begin());
    OptimiserState state = make_state(recipe_of(optimiser), start.size());
    optimiser_step(recipe_of(optimiser), 0.01, *network, parameters_of(graph), state);
    return std::vector<float>(network->parameters().begin(), network->parameters().end());
  };
  int threads = omp_get_max_threads();
  for (recipe::Optimiser optimiser : {recipe::Optimiser::sgd, recipe::Optimiser::rmsprop, recipe::Optimiser::adamw})
    EXPECT_EQ(step_on(optimiser, 1), step_on(optimiser, 2));
  omp_set_num_threads(threads);
}

TEST(Rate, constant_and_step_by_hand) {
  recipe::TrainRecipe recipe;
  recipe.rate = 0.1;
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
  recipe.rate = 0.1;
  recipe.schedule = recipe::Schedule::cosine;
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
}  // namespace agewise::nn
