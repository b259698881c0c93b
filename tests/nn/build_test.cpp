#include "agewise/nn/build.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/error.h"

namespace agewise::nn {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// `layers`: TOML, between the brackets of network.layers.
Graph build(const std::string& layers) {
  return build_graph(recipe::parse_recipe("network.layers = [" + layers + "]", "my.toml").network, 3, 8, 4);
}

std::string error_of(const std::string& layers) {
  try {
    build(layers);
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "no error";
}

// Metadata of the article: convolution 1 → 32 halves 128 to 64, the pool to 32; then 16 and 8: 64 · 8 · 8 = 4096 into
// 625.
TEST(SeedNetwork, has_the_articles_shapes_and_parameters) {
  Graph graph = build_graph(recipe::load_recipe("seed").network, 1, 128, 4);
  std::vector<ParameterInfo> parameters = parameters_of(graph);
  auto find = [&](const std::string& name) {
    for (const ParameterInfo& info : parameters) {
      if (info.name == name) return info.shape;
    }
    return std::vector<std::int64_t>{};
  };
  EXPECT_EQ(find("fc3.weight"), (std::vector<std::int64_t>{625, 4096}));
  EXPECT_EQ(find("fc4.weight"), (std::vector<std::int64_t>{4, 625}));
  // 320 + 128 + 18496 + 256 + 2560625 + 2504, running statistics among them.
  EXPECT_EQ(parameter_count(parameters), 2582329);
}

// torchvision's vgg16 has 138,357,544 parameters with 1000 classes; DEX's, with 101, 134,674,341.
TEST(Vgg16Network, has_the_published_number_of_parameters) {
  Graph graph = build_graph(recipe::load_recipe(AGEWISE_SOURCE_DIR "/bench/networks/vgg16.toml").network, 3, 224, 101);
  EXPECT_EQ(parameter_count(parameters_of(graph)), 134674341);
}

// input ─► a ─► b ─┬─► sum; b is an output as well, and nobody but the caller reads the sum.
//               └──┘
TEST(Readers, count_each_layer_that_reads_and_the_caller_who_reads_outputs) {
  Graph graph = build(R"(
    {kind = 'relu', name = 'a'}, {kind = 'relu', name = 'b'}, {kind = 'add', from = ['b', 'b']})");
  ASSERT_EQ(graph.layers.size(), 4U);
  EXPECT_EQ(readers_of(graph), (std::vector<int>{1, 1, 2, 1}));
  graph.outputs.push_back(2);
  EXPECT_EQ(readers_of(graph), (std::vector<int>{1, 1, 3, 1}));
}

TEST(Build, layers_that_nobody_reads_are_the_outputs) {
  Graph graph = build(R"(
    {kind = 'relu', name = 'a'},
    {kind = 'fully-connected', outputs = 'classes'},
    {kind = 'fully-connected', outputs = 2, from = 'a'})");
  ASSERT_EQ(graph.outputs.size(), 2U);
  EXPECT_EQ(graph.layers[graph.outputs[0]].shape.channels, 4);
  EXPECT_EQ(graph.layers[graph.outputs[1]].shape.channels, 2);
}

TEST(Build, lr_multipliers_are_those_of_weights_and_biases) {
  std::vector<ParameterInfo> parameters = parameters_of(build(R"(
    {kind = 'fully-connected', outputs = 4, lr_multiplier = 10, bias_lr_multiplier = 20},
    {kind = 'fully-connected', outputs = 4, lr_multiplier = 3})"));
  std::vector<double> factors;
  for (const ParameterInfo& parameter : parameters) factors.push_back(parameter.lr_multiplier);
  EXPECT_EQ(factors, (std::vector<double>{10, 20, 3, 3}));
}

TEST(Build, pad_is_one_number_or_top_left_bottom_right) {
  auto shape = [](const std::string& pad) {
    return build("{kind = 'convolution', channels = 2, kernel = 3, pad = " + pad + "}").layers[1].shape;
  };
  EXPECT_EQ(shape("1"), (Shape{2, 8, 8}));
  EXPECT_EQ(shape("[0, 1, 3, 0]"), (Shape{2, 9, 7}));
}

struct Bad {
  const char *layers, *problem;
};

TEST(BuildError, names_layer_and_key) {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"", "[network] has no layers"},
           {"{kind = 'convolutoin'}", "did you mean \"convolution\"?"},
           {"{kind = 'convolution', name = 'c', kernel = 3, channels = 4, strid = 2}",
            "layer c: unknown key strid; did you mean stride?"},
           {"{kind = 'convolution', name = 'c', kernal = 3, channels = 4}",
            "layer c: unknown key kernal; did you mean kernel?"},
           {"{kind = 'convolution', name = 'c', kernel = 3}", "layer c: channels is missing"},
           {"{kind = 'convolution', name = 'c', kernel_width = 3, channels = 4}", "layer c: kernel_height is missing"},
           {"{kind = 'convolution', name = 'c', kernel = 3, channels = -1}",
            "layer c: channels must be a whole number"},
           {"{kind = 'convolution', name = 'c', kernel = 3, channels = 4, groups = 2}",
            "layer c: 2 groups do not divide 3 input"},
           {"{kind = 'convolution', name = 'c', kernel = 9, channels = 4}", "layer c: a kernel of 9 is larger"},
           {"{kind = 'convolution', name = 'c', kernel = 3, channels = 4, pad = [0, -1, 0, 0]}",
            "layer c: kernel and stride must be 1 or more, pad 0 or more"},
           {"{kind = 'convolution', name = 'c', kernel = 3, channels = 4, initial = 'zero'}",
            "layer c: initial must be one of he-normal"},
           {"{kind = 'max-pool', name = 'p', kernel = 2, pad = 2}", "layer p: pad must be smaller"},
           {"{kind = 'dropout', name = 'd', rate = 1}", "layer d: rate must be from 0"},
           {"{kind = 'dropout', name = 'd', rate = nan}", "layer d: rate must be from 0"},
           {"{kind = 'batch-norm', name = 'n', epsilon = 0}", "layer n: epsilon must be above 0"},
           {"{kind = 'batch-norm', name = 'n', momentum = nan}", "layer n: momentum must be from 0 to 1"},
           {"{kind = 'batch-norm', name = 'n', lr_multiplier = -1}", "layer n: lr_multiplier must be from 0"},
           {"{kind = 'fully-connected', name = 'f', outputs = 'all'}", "layer f: outputs must be a whole number or"},
           {"{kind = 'relu', name = 'r', from = 'inptu'}", "did you mean \"input\"?"},
           {"{kind = 'relu', name = 'r'}, {kind = 'relu', name = 'r'}", "two layers have this name"},
           {"{kind = 'relu', name = 'r', slope = 1}", "layer r: slope unknown: this kind of layer has no options"},
           {"{kind = 'relu', name = 'r', lr_multiplier = 1}", "layer r: lr_multiplier unknown"},
           {"{kind = 'pad', name = 'p', channels = 2}, {kind = 'add', name = 's', from = ['p', 'input']}",
            "layer s: cannot add 3×8×8 to 5×8×8"},
           {"{kind = 'relu', name = 'r', from = ['input', 'input']}", "layer r: has 2 inputs"},
       }) {
    EXPECT_THAT(error_of(bad.layers), HasSubstr(bad.problem)) << bad.layers;
  }
}

// A recipe comes with every model file, from anywhere: it must not make sizes that overflow.
TEST(BuildError, says_that_a_layer_is_too_large) {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"{kind = 'pad', name = 'p', bottom = 1000000, right = 1000000}", "layer p: its output has more than"},
           {"{kind = 'pad', name = 'p', bottom = 1000000, channels = 1000000}", "layer p: its output has more than"},
           {"{kind = 'fully-connected', outputs = 1000000}, {kind = 'fully-connected', name = 'f', outputs = 1000000}",
            "layer f: its weight array has more than"},
           {"{kind = 'convolution', name = 'c', kernel = 1000000, channels = 1000000, pad = 1000000}",
            "layer c: its weight array has more than"},
       }) {
    EXPECT_THAT(error_of(bad.layers), HasSubstr(bad.problem)) << bad.layers;
  }
}

TEST(InitialParameters, have_the_deviation_that_their_rule_says) {
  Graph graph = build_graph(recipe::load_recipe("seed-as-published").network, 1, 128, 4);
  std::vector<float> values = initial_parameters(graph, 1);
  std::size_t offset = 320 + 128 + 18496 + 256;  // before fc3.weight: LeCunNormal of 4096 inputs
  double square = 0;
  for (std::size_t i = 0; i < 625 * 4096; ++i) square += values[offset + i] * values[offset + i];
  EXPECT_NEAR(std::sqrt(square / (625 * 4096)), 1.0 / 64, 1e-4);
  EXPECT_EQ(values, initial_parameters(graph, 1));
  EXPECT_NE(values, initial_parameters(graph, 2));
}

TEST(Dot, has_a_node_a_layer) {
  std::string dot = to_dot(build_graph(recipe::load_recipe("seed").network, 1, 128, 4));
  EXPECT_THAT(
      dot, AllOf(HasSubstr("conv1\\nconvolution 3×3, stride 2\\n32×64×64\\n320 parameters"), HasSubstr("n0 -> n1;")));
  EXPECT_THAT(to_dot(build("{kind = 'relu', name = 'a\"b'}")), HasSubstr("label=\"a\\\"b\\nReLU"));
}

}  // namespace
}  // namespace agewise::nn
