// What every engine must do: gradients that finite differences agree with, the reference engine's outputs, the same
// bits each time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "tests/nn/cases.h"
#include "tests/nn/engines.h"
#include "tests/nn/golden.h"

namespace agewise::nn {
namespace {

void fill(Executable& network, const Graph& graph) {
  network.set_parameters(golden_parameters(graph));
  for (int i = 0; i < static_cast<int>(graph.inputs.size()); ++i) {
    std::vector<float> numbers = golden_numbers(300 + i, network.input(i).size());
    std::copy(numbers.begin(), numbers.end(), network.input(i).begin());
  }
}

std::vector<float> output_weights(int output, std::size_t size) { return golden_numbers(400 + output, size); }

// The gradient of Σ output · output_weights.
void backward(Executable& network, const Graph& graph) {
  for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i) {
    std::span<float> gradient = network.output_gradient(i);
    std::vector<float> weights = output_weights(i, gradient.size());
    std::copy(weights.begin(), weights.end(), gradient.begin());
  }
  network.backward();
}

std::vector<std::uint32_t> samples(int batch) {
  std::vector<std::uint32_t> numbers(batch);
  std::iota(numbers.begin(), numbers.end(), 17U);
  return numbers;
}

// Everything that a step of training leaves behind, and what inference says before it.
struct Results {
  std::vector<std::vector<float>> inferred, outputs;
  std::vector<float> gradients, parameters;
};

Results results_of(Engine& engine, const Graph& graph, int batch) {
  Results results;
  auto take_outputs = [&](Executable& network, std::vector<std::vector<float>>& outputs) {
    for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i)
      outputs.emplace_back(network.output(i).begin(), network.output(i).end());
  };
  std::unique_ptr<Executable> infer = engine.compile(graph, batch, Mode::infer);
  fill(*infer, graph);
  infer->forward();
  take_outputs(*infer, results.inferred);

  std::unique_ptr<Executable> train = engine.compile(graph, batch, Mode::train);
  fill(*train, graph);
  std::vector<std::uint32_t> rows = samples(batch);
  train->forward({9, 1, rows});
  take_outputs(*train, results.outputs);
  backward(*train, graph);
  results.gradients = array_of(*train, Array::gradients, graph);
  results.parameters = array_of(*train, Array::parameters, graph);
  return results;
}

// Sums of floats in another order: within a share of the array's largest. Where normalisation cancels a gradient, what
// is left is rounding noise divided by a small deviation.
void expect_alike(const std::vector<float>& found, const std::vector<float>& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  float largest = 0;
  for (float value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], 2e-4 + 1e-4 * largest) << what << " " << i;
}

void expect_alike(const Results& found, const Results& expected, const Graph& graph) {
  for (std::size_t i = 0; i < expected.outputs.size(); ++i) {
    expect_alike(found.inferred[i], expected.inferred[i], "inferred output " + std::to_string(i));
    expect_alike(found.outputs[i], expected.outputs[i], "output " + std::to_string(i));
  }
  std::size_t offset = 0;
  auto part = [&](const std::vector<float>& all, std::size_t size) {
    auto begin = all.begin() + static_cast<std::ptrdiff_t>(offset);
    return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(size));
  };
  for (const ParameterInfo& info : parameters_of(graph)) {
    auto size = static_cast<std::size_t>(info.size());
    expect_alike(part(found.gradients, size), part(expected.gradients, size), "gradient of " + info.name);
    expect_alike(part(found.parameters, size), part(expected.parameters, size), info.name);
    offset += size;
  }
}

// Σ output · output_weights after one more forward().
double objective(Executable& network, const Graph& graph, const DropoutKey& key) {
  network.forward(key, false);
  double sum = 0;
  for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i) {
    std::span<const float> output = network.output(i);
    std::vector<float> weights = output_weights(i, output.size());
    sum += std::inner_product(weights.begin(), weights.end(), output.begin(), 0.0);
  }
  return sum;
}

class Conformance : public testing::TestWithParam<EngineUnderTest> {
 protected:
  std::unique_ptr<Engine> engine_ = GetParam().make();
};

// By (f(w+h) - f(w-h)) / 2h with the reference engine's double sums, at some places of each array. Its outputs are
// floats and some ReLU turns within the step: that leaves up to 5e-3 of gradients whose size is about 1.
TEST_P(Conformance, gradients_agree_with_finite_differences) {
  constexpr int kBatch = 3;
  constexpr float kStep = 1e-3F;
  std::vector<std::uint32_t> rows = samples(kBatch);
  DropoutKey key{5, 2, rows};
  for (const auto& [name, of_layer] : layer_cases()) {
    const Graph& graph = of_layer;  // clang 14: a lambda cannot capture a binding
    SCOPED_TRACE(name);
    std::unique_ptr<Executable> network = engine_->compile(graph, kBatch, Mode::train),
                                probe = make_reference_engine()->compile(graph, kBatch, Mode::train);
    fill(*network, graph);
    fill(*probe, graph);
    network->forward(key, false);
    backward(*network, graph);
    std::vector<float> gradients = array_of(*network, Array::gradients, graph), weights = golden_parameters(graph);
    auto with = [&](std::size_t i, float weight) {
      float whole = std::exchange(weights[i], weight);
      probe->set_parameters(weights);
      weights[i] = whole;
      return objective(*probe, graph, key);
    };
    std::size_t offset = 0;
    for (const ParameterInfo& info : parameters_of(graph)) {
      auto size = static_cast<std::size_t>(info.size());
      for (std::size_t i = 0; info.trained && i < size; i += std::max<std::size_t>(1, size / 5)) {
        float weight = weights[offset + i];
        double expected = (with(offset + i, weight + kStep) - with(offset + i, weight - kStep)) / (2 * kStep);
        EXPECT_NEAR(gradients[offset + i], expected, 5e-3 + 1e-2 * std::abs(expected)) << info.name << " " << i;
      }
      offset += size;
    }
  }
}

TEST_P(Conformance, each_layer_does_as_in_the_reference_engine) {
  for (const auto& [name, graph] : layer_cases()) {
    for (int batch : {1, 2, 5}) {
      SCOPED_TRACE(name + ", batch " + std::to_string(batch));
      expect_alike(results_of(*engine_, graph, batch), results_of(*make_reference_engine(), graph, batch), graph);
    }
  }
}

TEST_P(Conformance, random_networks_do_as_in_the_reference_engine) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Graph graph = random_graph(seed);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + to_dot(graph));
    expect_alike(results_of(*engine_, graph, 3), results_of(*make_reference_engine(), graph, 3), graph);
  }
}

TEST_P(Conformance, the_same_step_gives_the_same_bits) {
  Graph graph = article_case().graph;
  Results first = results_of(*engine_, graph, 4), again = results_of(*engine_, graph, 4);
  EXPECT_EQ(first.inferred, again.inferred);
  EXPECT_EQ(first.outputs, again.outputs);
  EXPECT_EQ(first.gradients, again.gradients);
  EXPECT_EQ(first.parameters, again.parameters);
}

// What is given away is taken as what is only shown.
TEST_P(Conformance, parameters_that_are_taken_count_as_those_that_are_set) {
  for (const auto& [name, graph] : layer_cases()) {
    std::unique_ptr<Executable> set = engine_->compile(graph, 3, Mode::infer),
                                taken = engine_->compile(graph, 3, Mode::infer);
    fill(*set, graph);
    fill(*taken, graph);
    taken->set_parameters(std::vector<float>(golden_parameters(graph).size(), 0.5F));
    std::vector<float> given = golden_parameters(graph);
    taken->take_parameters(given);
    set->forward();
    taken->forward();
    std::span<const float> one = set->output(), other = taken->output();
    EXPECT_EQ(std::vector<float>(one.begin(), one.end()), std::vector<float>(other.begin(), other.end())) << name;
  }
}

// A second step in the same memory as the first.
TEST_P(Conformance, nothing_of_a_step_stays_in_the_next) {
  for (const auto& [name, of_layer] : layer_cases()) {
    const Graph& graph = of_layer;  // clang 14: a lambda cannot capture a binding
    std::unique_ptr<Executable> network = engine_->compile(graph, 3, Mode::train);
    std::vector<std::uint32_t> rows = samples(3);
    auto step = [&] {
      fill(*network, graph);
      network->forward({1, 0, rows}, false);
      backward(*network, graph);
      return array_of(*network, Array::gradients, graph);
    };
    std::vector<float> first = step();
    EXPECT_EQ(step(), first) << name;
  }
}

TEST_P(Conformance, arrays_survive_the_way_into_the_engine_and_back) {
  UpdateRule rule{optimiser::AdamW{}, 0, 0.9};
  for (const auto& [name, graph] : layer_cases()) {
    std::unique_ptr<Executable> network = engine_->compile(graph, 2, Mode::train, {.rule = rule});
    std::vector<Array> kept{Array::parameters, Array::average, Array::first_buffer, Array::second_buffer};
    std::size_t size = golden_parameters(graph).size();
    for (std::size_t i = 0; i < kept.size(); ++i) network->set(kept[i], golden_numbers(20 + i, size));
    for (std::size_t i = 0; i < kept.size(); ++i)
      EXPECT_EQ(array_of(*network, kept[i], graph), golden_numbers(20 + i, size)) << name << " " << i;
  }
}

TEST_P(Conformance, statistics_stay_where_they_are_if_told_so) {
  Graph graph = article_case().graph;
  std::unique_ptr<Executable> network = engine_->compile(graph, 4, Mode::train);
  fill(*network, graph);
  std::vector<std::uint32_t> rows = samples(4);
  network->forward({1, 0, rows}, false);
  EXPECT_EQ(array_of(*network, Array::parameters, graph), golden_parameters(graph));
}

TEST_P(Conformance, dropout_without_a_sample_a_row_is_refused) {
  std::unique_ptr<Executable> network = engine_->compile(article_case().graph, 4, Mode::train);
  std::vector<std::uint32_t> rows = samples(3);
  EXPECT_THROW(network->forward({1, 0, rows}), std::invalid_argument);
}

// Dropout of ones: each output is 0 or 1 / (1 - rate), and the share of zeros is the rate within four deviations.
TEST_P(Conformance, dropout_drops_its_share_and_other_elements_each_epoch_and_sample) {
  Graph graph;
  Shape shape{20, 16, 16};
  graph.layers.push_back({"input", layer::Input{shape}, {}, shape});
  graph.layers.push_back({"dropout", layer::Dropout{0.3}, {0}, shape});
  graph.inputs = {0};
  graph.outputs = {1};
  std::unique_ptr<Executable> network = engine_->compile(graph, 2, Mode::train);
  auto run = [&](std::uint32_t epoch, std::vector<std::uint32_t> rows) {
    std::fill(network->input().begin(), network->input().end(), 1.0F);
    network->forward({1, epoch, rows});
    return std::vector<float>(network->output().begin(), network->output().end());
  };
  std::vector<float> first = run(0, {1, 2});
  auto n = static_cast<double>(first.size());
  auto zeros = static_cast<double>(std::count(first.begin(), first.end(), 0.0F));
  EXPECT_NEAR(zeros / n, 0.3, 4 * std::sqrt(0.3 * 0.7 / n));
  EXPECT_NEAR(*std::max_element(first.begin(), first.end()), 1 / 0.7, 1e-4);
  EXPECT_NE(first, run(1, {1, 2}));
  std::vector<float> swapped = run(0, {2, 1});
  std::rotate(swapped.begin(), swapped.begin() + static_cast<std::ptrdiff_t>(swapped.size() / 2), swapped.end());
  EXPECT_EQ(swapped, first);
}

INSTANTIATE_TEST_SUITE_P(Engines, Conformance, testing::ValuesIn(engines_under_test()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace agewise::nn
