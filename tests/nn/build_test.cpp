#include "agewise/nn/build.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/error.h"

namespace agewise {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Graph build(const std::string& layers, int size = 8) {
  return build_graph(parse_recipe(layers, "my.toml").network, 3, size, 4);
}

std::string error_of(const std::string& layers) {
  try {
    build(layers);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

// Facts of the article: convolution 1 → 32 halves 128 to 64, the pool to 32; then 16 and 8: 64 · 8 · 8 = 4096 into 625.
TEST(SeedNetwork, has_the_articles_shapes_and_parameters) {
  Graph graph = build_graph(load_recipe("seed").network, 1, 128, 4);
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
  Graph graph = build_graph(load_recipe(AGEWISE_SOURCE_DIR "/bench/networks/vgg16.toml").network, 3, 224, 101);
  EXPECT_EQ(parameter_count(parameters_of(graph)), 134674341);
}

TEST(Build, layers_that_nobody_reads_are_the_outputs) {
  Graph graph = build(R"(
    [[network.layers]]
    kind = "relu"
    name = "a"
    [[network.layers]]
    kind = "fully-connected"
    outputs = "classes"
    [[network.layers]]
    kind = "fully-connected"
    from = "a"
    outputs = 2)");
  ASSERT_EQ(graph.outputs.size(), 2U);
  EXPECT_EQ(graph.layers[graph.outputs[0]].shape.channels, 4);
  EXPECT_EQ(graph.layers[graph.outputs[1]].shape.channels, 2);
}

struct Bad {
  const char *layers, *problem;
};

TEST(BuildError, names_layer_and_key) {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"[[network.layers]]\nkind = \"convolutoin\"", "did you mean \"convolution\"?"},
           {"[[network.layers]]\nkind = \"convolution\"\nname = \"c\"\nkernel = 3\nchannels = 4\nstrid = 2",
            "layer c: unknown key strid; did you mean stride?"},
           {"[[network.layers]]\nkind = \"convolution\"\nname = \"c\"\nkernel = 3", "layer c: channels is missing"},
           {"[[network.layers]]\nkind = \"convolution\"\nname = \"c\"\nkernel = 3\nchannels = -1",
            "layer c: channels must be a whole number"},
           {"[[network.layers]]\nkind = \"convolution\"\nname = \"c\"\nkernel = 3\nchannels = 4\ngroups = 2",
            "2 groups do not divide 3 input"},
           {"[[network.layers]]\nkind = \"convolution\"\nname = \"c\"\nkernel = 9\nchannels = 4",
            "layer c: a kernel of 9 is larger"},
           {"[[network.layers]]\nkind = \"max-pool\"\nname = \"p\"\nkernel = 2\npad = 2",
            "layer p: pad must be smaller"},
           {"[[network.layers]]\nkind = \"dropout\"\nname = \"d\"\nrate = 1", "layer d: rate must be from 0"},
           {"[[network.layers]]\nkind = \"relu\"\nname = \"r\"\nfrom = \"inptu\"", "did you mean \"input\"?"},
           {"[[network.layers]]\nkind = \"relu\"\nname = \"r\"\n[[network.layers]]\nkind = \"relu\"\nname = \"r\"",
            "two layers have this name"},
           {"[[network.layers]]\nkind = \"relu\"\nname = \"r\"\nslope = 1", "has no options"},
           {"[[network.layers]]\nkind = \"pad\"\nname = \"p\"\nchannels = 2\n[[network.layers]]\nkind = \"add\"\nname "
            "= \"s\"\nfrom = [\"p\", \"input\"]",
            "layer s: cannot add 3×8×8 to 5×8×8"},
           {"[[network.layers]]\nkind = \"relu\"\nname = \"r\"\nfrom = [\"input\", \"input\"]", "layer r: 2 inputs"},
           {"[network]\nscale = 1", "[network] has no layers"},
       }) {
    EXPECT_THAT(error_of(bad.layers), HasSubstr(bad.problem)) << bad.layers;
  }
}

TEST(InitialParameters, have_the_deviation_that_their_rule_says) {
  Graph graph = build_graph(load_recipe("seed-as-published").network, 1, 128, 4);
  std::vector<float> values = initial_parameters(graph, 1);
  std::size_t offset = 320 + 128 + 18496 + 256;  // before fc3.weight: LeCunNormal of 4096 inputs
  double square = 0;
  for (std::size_t i = 0; i < 625 * 4096; ++i) square += values[offset + i] * values[offset + i];
  EXPECT_NEAR(std::sqrt(square / (625 * 4096)), 1.0 / 64, 1e-4);
  EXPECT_EQ(values, initial_parameters(graph, 1));
  EXPECT_NE(values, initial_parameters(graph, 2));
}

TEST(Dot, has_a_node_a_layer) {
  std::string dot = to_dot(build_graph(load_recipe("seed").network, 1, 128, 4));
  EXPECT_THAT(
      dot, AllOf(HasSubstr("conv1\\nconvolution 3×3, stride 2\\n32×64×64\\n320 parameters"), HasSubstr("n0 -> n1;")));
}

}  // namespace
}  // namespace agewise
