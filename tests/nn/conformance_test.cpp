// What every engine must do: gradients that finite differences agree with, the reference engine's outputs, the same
// bits each time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/base/random.h"
#include "agewise/nn/build.h"
#include "agewise/nn/dropout.h"
#include "tests/nn/engines.h"
#include "tests/nn/golden.h"

namespace agewise {
namespace {

LayerRecipe one(const std::string& kind, std::map<std::string, LayerValue> options = {}, std::string name = "",
                std::vector<std::string> from = {}) {
  return {kind, std::move(name), std::move(from), std::move(options)};
}

using Layers = std::vector<LayerRecipe>;

struct Case {
  std::string name;
  int channels, size;
  Layers layers;
};

LayerRecipe convolution(std::int64_t channels, std::int64_t kernel, std::int64_t stride, std::int64_t pad,
                        std::string name = "") {
  return one("convolution", {{"channels", channels}, {"kernel", kernel}, {"stride", stride}, {"pad", pad}},
             std::move(name));
}

std::vector<Case> cases() {
  using Whole = std::int64_t;
  LayerRecipe fc = one("fully-connected", {{"outputs", Whole{3}}});
  return {
      {"a 1-channel convolution of stride 2", 1, 9, {convolution(32, 3, 2, 1), fc}},
      {"a convolution of odd size", 3, 7, {convolution(5, 3, 1, 1), convolution(4, 5, 2, 0), fc}},
      {"a grouped convolution",
       6,
       6,
       {one("convolution", {{"channels", Whole{4}}, {"kernel", Whole{3}}, {"groups", Whole{2}}}), fc}},
      {"a convolution with uneven kernel and pad",
       2,
       6,
       {one("convolution", {{"channels", Whole{3}},
                            {"kernel_height", Whole{1}},
                            {"kernel_width", Whole{3}},
                            {"pad", std::vector<Whole>{0, 1, 0, 0}}}),
        fc}},
      {"a depth-wise convolution",
       16,
       5,
       {one("convolution", {{"channels", Whole{16}}, {"kernel", Whole{3}}, {"pad", Whole{1}}, {"groups", Whole{16}}}),
        fc}},
      {"batch normalisation and ReLU", 3, 6, {convolution(8, 3, 1, 1), one("batch-norm"), one("relu"), fc}},
      {"batch normalisation of a vector",
       3,
       4,
       {one("fully-connected", {{"outputs", Whole{10}}}), one("batch-norm"), fc}},
      {"the article's block",
       1,
       16,
       {convolution(32, 3, 2, 1), one("batch-norm"), one("relu"), one("max-pool", {{"kernel", Whole{2}}}),
        one("dropout", {{"rate", 0.3}}), convolution(64, 3, 2, 1), one("batch-norm"), one("relu"),
        one("max-pool", {{"kernel", Whole{2}}}), one("dropout", {{"rate", 0.3}}),
        one("fully-connected", {{"outputs", Whole{25}}}), one("relu"), one("dropout", {{"rate", 0.3}}), fc}},
      {"overlapping max pools with pad",
       4,
       7,
       {one("max-pool", {{"kernel", Whole{3}}, {"stride", Whole{2}}, {"pad", Whole{1}}}), fc}},
      {"average pools",
       4,
       7,
       {one("average-pool", {{"kernel", Whole{3}}, {"stride", Whole{2}}, {"pad", Whole{1}}}),
        one("average-pool", {{"kernel", Whole{2}}}), fc}},
      {"global pooling of a convolution", 3, 6, {convolution(18, 3, 1, 0), one("global-average-pool"), fc}},
      {"a residual add with padding",
       4,
       8,
       {convolution(4, 3, 1, 1, "stem"), convolution(6, 3, 2, 0, "right"),
        one("average-pool", {{"kernel", Whole{2}}}, "half", {"stem"}),
        one("pad", {{"channels", Whole{2}}}, "left", {"half"}),
        one("pad", {{"bottom", Whole{1}}, {"right", Whole{1}}}, "right_padded", {"right"}),
        one("add", {}, "sum", {"left", "right_padded"}), one("relu"), fc}},
      {"a concatenation of branches",
       3,
       6,
       {convolution(5, 1, 1, 0, "a"),
        one("convolution", {{"channels", Whole{7}}, {"kernel", Whole{3}}, {"pad", Whole{1}}}, "b", {"input"}),
        one("concat", {}, "both", {"a", "b"}), one("relu"), fc}},
      {"a softmax in the middle", 3, 5, {convolution(6, 1, 1, 0), one("softmax"), fc}},
      {"a layer read twice", 3, 5, {convolution(4, 3, 1, 1, "c"), one("add", {}, "twice", {"c", "c"}), fc}},
      {"two outputs",
       3,
       5,
       {convolution(4, 3, 1, 1, "c"), one("fully-connected", {{"outputs", Whole{3}}}, "ages", {"c"}),
        one("fully-connected", {{"outputs", Whole{2}}}, "gender", {"c"})}},
  };
}

Graph graph_of(const Case& test) {
  NetworkRecipe recipe;
  recipe.layers = test.layers;
  return build_graph(recipe, test.channels, test.size, 4);
}

void fill(Executable& network, const Graph& graph) {
  network.from_plain(golden_parameters(graph), network.parameters());
  network.parameters_changed();
  std::vector<float> numbers = golden_numbers(3, network.input().size());
  std::copy(numbers.begin(), numbers.end(), network.input().begin());
}

std::vector<std::uint32_t> samples(int batch) {
  std::vector<std::uint32_t> numbers(batch);
  std::iota(numbers.begin(), numbers.end(), 17U);
  return numbers;
}

void fill_output_gradients(Executable& network, const Graph& graph) {
  for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i) {
    std::span<float> gradient = network.output_gradient(i);
    std::vector<float> numbers = golden_numbers(40 + i, gradient.size());
    std::copy(numbers.begin(), numbers.end(), gradient.begin());
  }
}

std::vector<float> plain(const Executable& network, std::span<const float> own, const Graph& graph) {
  std::vector<float> values(static_cast<std::size_t>(parameter_count(parameters_of(graph))));
  network.to_plain(own, values);
  return values;
}

class Conformance : public testing::TestWithParam<EngineUnderTest> {
 protected:
  std::unique_ptr<Engine> engine_ = GetParam().make();
};

// The gradient of Σ output · golden_numbers(40) in the direction of each parameter, by (f(w+h) - f(w-h)) / 2h with the
// reference engine's double sums; float outputs leave about 1e-3 of it.
TEST_P(Conformance, gradients_agree_with_finite_differences) {
  for (const Case& test : cases()) {
    SCOPED_TRACE(test.name);
    Graph graph = graph_of(test);
    constexpr int kBatch = 3;
    std::unique_ptr<Executable> network = engine_->compile(graph, kBatch, Mode::train);
    fill(*network, graph);
    std::vector<std::uint32_t> rows = samples(kBatch);
    network->forward({5, 2, rows}, false);
    fill_output_gradients(*network, graph);
    network->backward();
    std::vector<float> gradients = plain(*network, network->gradients(), graph);

    std::unique_ptr<Executable> probe = make_reference_engine()->compile(graph, kBatch, Mode::train);
    fill(*probe, graph);
    auto objective = [&] {
      probe->forward({5, 2, rows}, false);
      double sum = 0;
      for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i) {
        std::vector<float> weights = golden_numbers(40 + i, probe->output(i).size());
        sum += std::inner_product(weights.begin(), weights.end(), probe->output(i).begin(), 0.0);
      }
      return sum;
    };
    std::size_t offset = 0;
    for (const ParameterInfo& info : parameters_of(graph)) {
      auto size = static_cast<std::size_t>(info.size());
      for (std::size_t i = 0; info.trained && i < size; i += std::max<std::size_t>(1, size / 5)) {
        float& weight = probe->parameters()[offset + i];
        float whole = weight;
        constexpr float kStep = 1e-3F;
        weight = whole + kStep;
        double above = objective();
        weight = whole - kStep;
        double below = objective();
        weight = whole;
        double expected = (above - below) / (2 * kStep);
        EXPECT_NEAR(gradients[offset + i], expected, 5e-3 + 0.01 * std::abs(expected)) << info.name << " " << i;
      }
      offset += size;
    }
  }
}

TEST_P(Conformance, outputs_gradients_and_statistics_equal_the_reference_engines) {
  for (const Case& test : cases()) {
    for (int batch : {1, 2, 5}) {
      SCOPED_TRACE(test.name + ", batch " + std::to_string(batch));
      Graph graph = graph_of(test);
      std::unique_ptr<Engine> reference_engine = make_reference_engine();
      std::unique_ptr<Executable> network = engine_->compile(graph, batch, Mode::train),
                                  reference = reference_engine->compile(graph, batch, Mode::train);
      std::vector<std::uint32_t> rows = samples(batch);
      for (Executable* each : {network.get(), reference.get()}) {
        fill(*each, graph);
        each->forward({9, 1, rows});
        fill_output_gradients(*each, graph);
        each->backward();
      }
      auto expect_alike = [&](std::span<const float> found, std::span<const float> expected, const char* what) {
        ASSERT_EQ(found.size(), expected.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
          ASSERT_NEAR(found[i], expected[i], 2e-4 + 2e-4 * std::abs(expected[i])) << what << " " << i;
        }
      };
      for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i)
        expect_alike(network->output(i), reference->output(i), "output");
      expect_alike(plain(*network, network->gradients(), graph), plain(*reference, reference->gradients(), graph),
                   "gradient");
      expect_alike(plain(*network, network->parameters(), graph), plain(*reference, reference->parameters(), graph),
                   "parameter");

      std::unique_ptr<Executable> infer = engine_->compile(graph, batch, Mode::infer),
                                  infer_reference = reference_engine->compile(graph, batch, Mode::infer);
      for (Executable* each : {infer.get(), infer_reference.get()}) {
        fill(*each, graph);
        each->forward();
      }
      for (int i = 0; i < static_cast<int>(graph.outputs.size()); ++i)
        expect_alike(infer->output(i), infer_reference->output(i), "inferred");
    }
  }
}

TEST_P(Conformance, the_same_step_gives_the_same_bits) {
  Case article = cases()[7];
  Graph graph = graph_of(article);
  std::vector<std::uint32_t> rows = samples(4);
  std::vector<std::vector<float>> gradients;
  for (int run = 0; run < 3; ++run) {
    std::unique_ptr<Executable> network = engine_->compile(graph, 4, Mode::train);
    fill(*network, graph);
    network->forward({1, 0, rows});
    fill_output_gradients(*network, graph);
    network->backward();
    gradients.push_back(plain(*network, network->gradients(), graph));
  }
  EXPECT_EQ(gradients[0], gradients[1]);
  EXPECT_EQ(gradients[0], gradients[2]);
}

TEST_P(Conformance, parameters_survive_the_way_to_plain_layout_and_back) {
  for (const Case& test : cases()) {
    Graph graph = graph_of(test);
    std::unique_ptr<Executable> network = engine_->compile(graph, 2, Mode::train);
    std::vector<float> parameters = golden_parameters(graph);
    network->from_plain(parameters, network->parameters());
    EXPECT_EQ(plain(*network, network->parameters(), graph), parameters) << test.name;
  }
}

TEST_P(Conformance, statistics_stay_where_they_are_if_told_so) {
  Graph graph = graph_of(cases()[5]);
  std::unique_ptr<Executable> network = engine_->compile(graph, 4, Mode::train);
  fill(*network, graph);
  network->forward({1, 0, {}}, false);
  EXPECT_EQ(plain(*network, network->parameters(), graph), golden_parameters(graph));
}

// Dropout of ones: each output is 0 or 1 / (1 - rate), and the share of zeros is the rate within four deviations.
TEST_P(Conformance, dropout_drops_its_share_and_other_elements_each_epoch_and_sample) {
  NetworkRecipe recipe;
  recipe.layers = {one("dropout", {{"rate", 0.3}})};
  Graph graph = build_graph(recipe, 20, 16, 4);
  std::unique_ptr<Executable> network = engine_->compile(graph, 2, Mode::train);
  std::fill(network->input().begin(), network->input().end(), 1.0F);
  auto run = [&](std::uint32_t epoch, std::vector<std::uint32_t> rows) {
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
}  // namespace agewise
