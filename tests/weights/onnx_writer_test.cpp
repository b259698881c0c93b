// What is written computes what the graph computes: read back here, and run by ONNX Runtime in tools/check_onnx.py.
#include "agewise/weights/onnx_writer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agewise/nn/build.h"
#include "agewise/nn/engine.h"
#include "agewise/weights/onnx.h"
#include "tests/nn/golden.h"

namespace agewise::weights {
namespace {

// Every kind of layer but the input, once or more.
constexpr const char* kLayers = R"(
  {kind = 'convolution', name = 'a', channels = 6, kernel = 3, pad = [1, 0, 1, 2], groups = 3},
  {kind = 'batch-norm', name = 'n'}, {kind = 'relu'},
  {kind = 'convolution', name = 'b', channels = 6, kernel = 1, bias = false}, {kind = 'prelu', name = 'p'},
  {kind = 'scale', name = 's'}, {kind = 'add', name = 'sum', from = ['a', 'b', 's']},
  {kind = 'max-pool', kernel = 2}, {kind = 'upsample', factor = 2}, {kind = 'average-pool', kernel = 3, stride = 2, pad = 1},
  {kind = 'pad', name = 'wide', channels = 2, top = 1, right = 2},
  {kind = 'global-average-pool'}, {kind = 'fully-connected', name = 'f', outputs = 8}, {kind = 'dropout', rate = 0.5},
  {kind = 'prelu', name = 'fp'}, {kind = 'scale', name = 'fs'}, {kind = 'sigmoid', name = 'gate'},
  {kind = 'multiply', name = 'gated', from = ['wide', 'gate']}, {kind = 'tanh', name = 't'},
  {kind = 'subtract', name = 'd', from = ['wide', 't']}, {kind = 'softmax', name = 'soft'},
  {kind = 'divide', name = 'q', from = ['d', 'gate']}, {kind = 'concat', name = 'c', from = ['q', 't']},
  {kind = 'transpose', name = 'turned', order = [1, 2, 0]}, {kind = 'reshape', shape = [4, 10, 12]},
  {kind = 'fully-connected', name = 'end', outputs = 5})";

nn::Graph graph_of_all_kinds() {
  recipe::Recipe recipe = recipe::parse_recipe(std::string("network.layers = [") + kLayers + "]", "all kinds");
  nn::Graph graph = nn::build_graph(recipe.network, 3, 8, 5);
  graph.outputs = {static_cast<int>(graph.layers.size()) - 1};
  return graph;
}

std::vector<float> outputs_of(const nn::Graph& graph, std::span<const float> parameters, float factor, float offset) {
  std::unique_ptr<nn::Executable> network = nn::make_reference_engine()->compile(graph, 2, nn::Mode::infer);
  network->set_parameters(parameters);
  std::vector<float> numbers = nn::golden_numbers(300, network->input().size());
  for (std::size_t i = 0; i < numbers.size(); ++i) network->input()[i] = numbers[i] * factor + offset;
  network->forward();
  return {network->output().begin(), network->output().end()};
}

TEST(OnnxWriter, writes_what_reads_back_as_the_same_network) {
  nn::Graph graph = graph_of_all_kinds();
  std::vector<float> parameters = nn::golden_parameters(graph);
  std::string file = onnx_of(graph, parameters, {});
  OnnxNetwork read = parse_onnx(std::as_bytes(std::span(file)), {{}, 0, /*fold_scales=*/false});
  std::vector<float> expected = outputs_of(graph, parameters, 2, 0),
                     found = outputs_of(read.graph, read.parameters, 2, 0);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5);
  EXPECT_EQ(read.producer, "agewise");
}

// (pixel - mean) · scale before, factor after: worked on one number by hand.
TEST(OnnxWriter, puts_the_frame_around_the_network) {
  recipe::Recipe recipe = recipe::parse_recipe("network.layers = [{kind = 'relu', name = 'r'}]", "frame");
  nn::Graph graph = nn::build_graph(recipe.network, 1, 1, 1);
  OnnxFrame frame{{10}, 0.5};
  frame.factor = 100;
  frame.output = "age";
  std::string file = onnx_of(graph, {}, frame);
  OnnxNetwork read = parse_onnx(std::as_bytes(std::span(file)));
  EXPECT_EQ(read.outputs, std::vector<std::string>{"age"});
  EXPECT_FLOAT_EQ(outputs_of(read.graph, read.parameters, 0, 14)[0], (14 - 10) * 0.5F * 100);
  EXPECT_FLOAT_EQ(outputs_of(read.graph, read.parameters, 0, 8)[0], 0);
}

TEST(OnnxWriter, writes_an_output_for_each_of_the_graphs) {
  nn::Graph graph = graph_of_all_kinds();
  graph.outputs.push_back(graph.outputs[0] - 1);
  std::vector<float> parameters = nn::golden_parameters(graph);
  OnnxFrame frame;
  frame.output = "y";
  std::string file = onnx_of(graph, parameters, frame);
  OnnxNetwork read = parse_onnx(std::as_bytes(std::span(file)), {{}, 0, /*fold_scales=*/false});
  EXPECT_EQ(read.outputs, (std::vector<std::string>{"y", "y2"}));
  for (int i : {0, 1}) {
    nn::Graph expected = graph, found = read.graph;
    expected.outputs = {graph.outputs[i]};
    found.outputs = {read.graph.outputs[i]};
    std::vector<float> first = outputs_of(expected, parameters, 2, 0),
                       second = outputs_of(found, read.parameters, 2, 0);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t k = 0; k < first.size(); ++k) EXPECT_NEAR(second[k], first[k], 1e-5);
  }
}

TEST(OnnxWriter, keeps_the_names_of_layers_with_weights) {
  nn::Graph graph = graph_of_all_kinds();
  std::string file = onnx_of(graph, nn::golden_parameters(graph), {});
  OnnxNetwork read = parse_onnx(std::as_bytes(std::span(file)), {{}, 0, false});
  for (const char* name : {"a", "n", "b", "f", "end"}) {
    EXPECT_TRUE(std::any_of(read.graph.layers.begin(), read.graph.layers.end(), [&](const nn::Layer& layer) {
      return layer.name == name;
    })) << name;
  }
}

}  // namespace
}  // namespace agewise::weights
