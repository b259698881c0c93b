// Networks and layers against PyTorch: outputs, loss, and the weights after one step.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "agewise/nn/build.h"
#include "agewise/nn/loss.h"
#include "agewise/nn/schedule.h"
#include "tests/nn/engines.h"
#include "tests/nn/golden.h"

namespace agewise::nn {
namespace {

void expect_near(std::span<const float> found, const std::vector<double>& expected, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << what << " " << i;
}

Graph without_dropout(Graph graph) {
  for (Layer& layer : graph.layers) {
    if (auto* dropout = std::get_if<layer::Dropout>(&layer.kind)) dropout->rate = 0;
  }
  return graph;
}

class Golden : public testing::TestWithParam<EngineUnderTest> {
 protected:
  std::unique_ptr<Engine> engine_ = GetParam().make();

  std::unique_ptr<Executable> compile(const Graph& graph, Mode mode, double input_scale,
                                      const Training& training = {}) {
    std::unique_ptr<Executable> network = engine_->compile(graph, 4, mode, training);
    network->set_parameters(golden_parameters(graph));
    std::span<float> input = network->input();
    std::vector<float> numbers = golden_numbers(1000, input.size());
    std::transform(numbers.begin(), numbers.end(), input.begin(),
                   [&](float value) { return value * static_cast<float>(input_scale); });
    return network;
  }

  // `their_name`: PyTorch's name of each of our layers.
  void expect_step(const std::string& name, const recipe::Recipe& recipe, const recipe::TrainRecipe& train,
                   const std::map<std::string, std::string>& their_name, double tolerance) {
    int channels = recipe.face.colour == recipe::Colour::rgb ? 3 : 1;
    age::Classes classes = recipe::classes_of(recipe.classes);
    Graph graph = without_dropout(build_graph(recipe.network, channels, recipe::input_side(recipe), classes.count()));
    std::vector<std::uint32_t> samples(4);
    std::iota(samples.begin(), samples.end(), 0U);

    std::unique_ptr<Executable> infer = compile(graph, Mode::infer, 2);
    infer->forward();
    expect_near(infer->output(), golden(name + ".infer"), tolerance, name + ".infer");

    std::unique_ptr<Executable> network = compile(graph, Mode::train, 2, {.rule = update_rule_of(train)});
    network->forward({1, 0, samples});
    expect_near(network->output(), golden(name + ".train"), tolerance, name + ".train");
    std::vector<Target> targets;
    for (int i = 0; i < 4; ++i) targets.push_back({i < classes.count() - 1 ? classes.edges[i] - 0.25 : 200, 0});
    double loss =
        loss_and_gradient(recipe::TrainRecipe{}, classes, network->output(), targets, network->output_gradient());
    EXPECT_NEAR(loss, golden(name + ".loss")[0], tolerance);
    network->backward();
    network->update(train.learning_rate);

    std::vector<float> after = array_of(*network, Array::parameters, graph);
    std::size_t offset = 0;
    for (const ParameterInfo& info : parameters_of(graph)) {
      auto size = static_cast<std::size_t>(info.size()), stride = std::max<std::size_t>(1, size / 7);
      std::vector<float> sampled;
      for (std::size_t i = 0; i < size; i += stride) sampled.push_back(after[offset + i]);
      std::size_t dot = info.name.rfind('.');
      std::string theirs = their_name.at(info.name.substr(0, dot)) + info.name.substr(dot);
      // Normalisation cancels a bias before it: its gradient is rounding noise, which RMSprop divides by its own size.
      bool cancelled = info.name == "conv1.bias" || info.name == "conv2.bias";
      if (!cancelled) expect_near(sampled, golden(name + ".after." + theirs), tolerance, info.name);
      offset += size;
    }
  }
};

TEST_P(Golden, the_articles_network_computes_and_learns_as_in_pytorch) {
  recipe::Recipe recipe = recipe::load_recipe("seed");
  std::map<std::string, std::string> names;
  for (const char* layer : {"conv1", "bn1", "conv2", "bn2", "fc3", "fc4"}) names[layer] = layer;
  expect_step("seed", recipe, recipe.train, names, 2e-4);
}

TEST_P(Golden, the_residual_network_computes_and_learns_as_in_pytorch) {
  recipe::Recipe recipe = recipe::load_recipe(AGEWISE_SOURCE_DIR "/bench/networks/resnet10.toml");
  recipe::TrainRecipe train = recipe.train;
  train.learning_rate = 1e-2;
  std::map<std::string, std::string> names{{"stem", "stem.0"}, {"stem_bn", "stem.1"}, {"fc", "fc"}};
  for (int block = 1; block <= 5; ++block) {
    for (int half = 0; half < 2; ++half) {
      std::string ours = "block" + std::to_string(block) + (half == 0 ? "a" : "b");
      std::string theirs = "blocks." + std::to_string(block - 1) + "." + std::to_string(half);
      names[ours] = theirs + ".0";
      names[ours + "_bn"] = theirs + ".1";
    }
  }
  expect_step("resnet10", recipe, train, names, 5e-4);
}

// One layer between an input of two samples and an output whose gradient is golden_numbers(2). Gradients towards a
// layer's input are the conformance tests'.
struct LayerCase {
  std::string name;
  LayerKind kind;
  Shape in;
  std::vector<std::string> parameters;  // PyTorch's names of the gradients, in our order
};

TEST_P(Golden, single_layers_compute_and_differentiate_as_in_pytorch) {
  for (const LayerCase& test : std::vector<LayerCase>{
           {"grouped",
            layer::Convolution{6, 3, 3, 2, {1, 1, 1, 1}, 2, true, Initial::he_normal},
            {4, 5, 7},
            {"0.weight", "0.bias"}},
           {"uneven", layer::Convolution{5, 1, 3, 1, {}, 1, false, Initial::he_normal}, {3, 4, 6}, {"0.weight"}},
           {"batchnorm", layer::BatchNorm{1e-5, 0.9}, {3, 4, 5}, {"0.weight", "0.bias"}},
           {"maxpool", layer::MaxPool{3, 2, {1, 1, 1, 1}}, {2, 7, 6}, {}},
           {"averagepool", layer::AveragePool{2, 2, {}}, {2, 7, 6}, {}},
           {"softmax", layer::Softmax{}, {5, 2, 2}, {}},
       }) {
    SCOPED_TRACE(test.name);
    Graph graph;
    graph.layers.push_back({"input", layer::Input{test.in}, {}, test.in});
    Layer layer{"layer", test.kind, {0}, {}};
    layer.shape = shape_of(layer, {test.in});
    graph.layers.push_back(layer);
    graph.inputs = {0};
    graph.outputs = {1};
    std::unique_ptr<Executable> network = engine_->compile(graph, 2, Mode::train);
    network->set_parameters(golden_parameters(graph));
    std::vector<float> input = golden_numbers(1, network->input().size()),
                       gradient = golden_numbers(2, network->output().size());
    std::copy(input.begin(), input.end(), network->input().begin());
    network->forward();
    expect_near(network->output(), golden(test.name + ".out"), 1e-5, "output");
    std::copy(gradient.begin(), gradient.end(), network->output_gradient().begin());
    network->backward();
    std::vector<ParameterInfo> infos = parameters_of(graph);
    std::vector<float> gradients = array_of(*network, Array::gradients, graph);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < test.parameters.size(); ++i) {
      auto size = static_cast<std::size_t>(infos[i].size());
      expect_near(std::span(gradients).subspan(offset, size),
                  golden(test.name + "." + test.parameters[i] + "_gradient"), 1e-5, infos[i].name);
      offset += size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Golden, testing::ValuesIn(engines_under_test()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace agewise::nn
