#include "tests/nn/cases.h"

#include <algorithm>

#include "agewise/base/error.h"
#include "agewise/base/random.h"
#include "agewise/nn/build.h"

namespace agewise::nn {
namespace {

Case made(std::string name, int channels, int size, const std::string& layers) {
  recipe::Recipe recipe = recipe::parse_recipe("network.layers = [" + layers + "]", name);
  return {std::move(name), build_graph(recipe.network, channels, size, 3)};
}

int append(Graph& graph, const LayerKind& kind, std::vector<int> inputs) {
  auto index = static_cast<int>(graph.layers.size());
  Layer layer{"layer" + std::to_string(index), kind, std::move(inputs), {}};
  std::vector<Shape> shapes;
  for (int input : layer.inputs) shapes.push_back(graph.layers[input].shape);
  layer.shape = shape_of(layer, shapes);
  graph.layers.push_back(layer);
  return index;
}

// A picture and a vector, as of a face and what is known of it.
Case two_inputs() {
  Graph graph;
  int picture = append(graph, layer::Input{{3, 6, 6}}, {}), known = append(graph, layer::Input{{5, 1, 1}}, {});
  int seen = append(graph, layer::Convolution{18, 3, 3, 1, {}, 1, true, Initial::he_normal}, {picture});
  int pooled = append(graph, layer::GlobalAveragePool{}, {append(graph, layer::Relu{}, {seen})});
  int both = append(graph, layer::Concat{}, {pooled, known});
  int out = append(graph, layer::FullyConnected{3, true, Initial::he_normal}, {both});
  graph.inputs = {picture, known};
  graph.outputs = {out};
  return {"two inputs", graph};
}

class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : random_(seed, base::Purpose::test) {}

  Graph make() {
    int size = between(5, 12);
    append(graph_, layer::Input{{between(1, 20), size, size + between(-1, 1)}}, {});
    graph_.inputs = {0};
    for (int layers = between(4, 10); layers > 0;) {
      try {
        append_one();
        --layers;
      } catch (const base::UsageError&) {
        // The layer does not fit there: another one is drawn.
      }
    }
    std::vector<bool> read(graph_.layers.size(), false);
    for (const Layer& layer : graph_.layers) {
      for (int input : layer.inputs) read[input] = true;
    }
    for (int i = 0; i < static_cast<int>(read.size()); ++i) {
      if (!read[i]) graph_.outputs.push_back(i);
    }
    return graph_;
  }

 private:
  int between(int low, int high) { return low + static_cast<int>(random_.below(high - low + 1)); }

  const Shape& shape(int layer) const { return graph_.layers[layer].shape; }

  // Of the layer before, two times in three.
  int some_layer() {
    auto last = static_cast<int>(graph_.layers.size()) - 1;
    return between(0, 2) > 0 ? last : between(0, last);
  }

  LayerKind convolution(const Shape& in) {
    int groups = in.channels % 2 == 0 ? between(1, 2) : 1, kernel = between(1, 3);
    Padding pad{between(0, 1), between(0, 1), between(0, 1), between(0, 1)};
    return layer::Convolution{
        groups * between(1, 17), kernel, between(1, 3), between(1, 2), pad, groups, between(0, 1) == 1,
        Initial::he_normal};
  }

  LayerKind activation() {
    const LayerKind all[] = {layer::HardSwish{}, layer::HardSigmoid{0.7, 0.4}, layer::Silu{}, layer::Gelu{},
                             layer::Gelu{true},  layer::Clip{-0.2, 0.7}};
    return all[between(0, 5)];
  }

  // Both inputs padded to what is larger of them.
  void append_sum(int a, int b) {
    Shape larger{std::max(shape(a).channels, shape(b).channels), std::max(shape(a).height, shape(b).height),
                 std::max(shape(a).width, shape(b).width)};
    auto padded = [&](int i) {
      Shape s = shape(i);
      if (s == larger) return i;
      layer::Pad pad{larger.channels - s.channels, larger.height - s.height, larger.width - s.width};
      return append(graph_, pad, {i});
    };
    int left = padded(a), right = padded(b);
    append(graph_, layer::Add{}, {left, right});
  }

  // A number a channel, made of the channel itself, times the channel or taken from it.
  void append_gate(int from) {
    int gate = append(graph_, layer::Sigmoid{}, {append(graph_, layer::GlobalAveragePool{}, {from})});
    LayerKind kind = between(0, 1) == 0 ? LayerKind(layer::Multiply{}) : layer::Subtract{};
    append(graph_, kind, between(0, 1) == 0 ? std::vector{from, gate} : std::vector{gate, from});
  }

  void append_one() {
    int from = some_layer();
    const Shape in = shape(from);
    int kernel = between(2, 3), stride = between(1, 3);
    Padding pad{between(0, 1), between(0, 1), between(0, 1), between(0, 1)};
    switch (between(0, 20)) {
      case 0:
      case 1:
        append(graph_, convolution(in), {from});
        break;
      case 2:
        append(graph_, layer::BatchNorm{1e-3, 0.9}, {from});
        break;
      case 3:
        append(graph_, layer::Relu{}, {from});
        break;
      case 4:
        append(graph_, layer::MaxPool{kernel, stride, pad}, {from});
        break;
      case 5:
        append(graph_, layer::AveragePool{kernel, stride, pad}, {from});
        break;
      case 6:
        append(graph_, layer::Dropout{0.25}, {from});
        break;
      case 7:
        append(graph_, layer::FullyConnected{between(1, 33), between(0, 1) == 1, Initial::he_normal}, {from});
        break;
      case 8:
        append_sum(from, some_layer());
        break;
      case 9:
        append(graph_, layer::Concat{}, {from, some_layer()});
        break;
      case 10:
        append(graph_, layer::Scale{}, {from});
        break;
      case 11:
        append(graph_, layer::PRelu{}, {from});
        break;
      case 12:
        append(graph_, between(0, 1) == 0 ? LayerKind(layer::Sigmoid{}) : layer::Tanh{}, {from});
        break;
      case 13:
        append_gate(from);
        break;
      case 14:
        append(graph_, layer::Upsample{between(1, 3)}, {from});
        break;
      case 15:
        append(graph_, layer::Transpose{{2, 0, 1}}, {from});
        break;
      case 16:
        append(graph_, activation(), {from});
        break;
      case 17:
        append(graph_, layer::LayerNorm{1e-2}, {from});
        break;
      case 18:
        append(graph_, layer::Slice{between(0, 8), between(1, 16)}, {from});
        break;
      case 19:
        append(graph_, layer::Shuffle{between(2, 3)}, {from});
        break;
      default:
        append(graph_, layer::Softmax{}, {from});
        break;
    }
  }

  Graph graph_;
  base::Random random_;
};

}  // namespace

Case article_case() {
  return made("the article's blocks", 1, 16, R"(
    {kind = 'convolution', channels = 32, kernel = 3, stride = 2, pad = 1}, {kind = 'batch-norm'}, {kind = 'relu'},
    {kind = 'max-pool', kernel = 2}, {kind = 'dropout', rate = 0.3},
    {kind = 'convolution', channels = 64, kernel = 3, stride = 2, pad = 1}, {kind = 'batch-norm'}, {kind = 'relu'},
    {kind = 'max-pool', kernel = 2}, {kind = 'dropout', rate = 0.3},
    {kind = 'fully-connected', outputs = 25}, {kind = 'relu'}, {kind = 'dropout', rate = 0.3},
    {kind = 'fully-connected', outputs = 3})");
}

std::vector<Case> layer_cases() {
  const std::string first = "{kind = 'convolution', channels = 4, kernel = 1}, ",
                    last = ", {kind = 'fully-connected', outputs = 3}";
  auto one = [&](const char* name, int channels, int size, const std::string& layer) {
    return made(name, channels, size, first + layer + last);
  };
  return {
      article_case(),
      two_inputs(),
      made("a convolution of one channel", 1, 9,
           "{kind = 'convolution', channels = 32, kernel = 3, stride = 2, pad = 1}" + last),
      one("a convolution of odd sizes", 3, 7, "{kind = 'convolution', channels = 5, kernel = 5, stride = 2}"),
      one("a grouped convolution", 6, 6, "{kind = 'convolution', channels = 6, kernel = 3, groups = 2}"),
      one("a depth-wise convolution", 3, 5,
          "{kind = 'convolution', channels = 16, kernel = 1}, "
          "{kind = 'convolution', channels = 16, kernel = 3, pad = 1, groups = 16, bias = false}"),
      one("a depth-wise convolution of a large kernel and odd channels", 3, 9,
          "{kind = 'convolution', channels = 18, kernel = 1}, "
          "{kind = 'convolution', channels = 18, kernel = 5, stride = 2, pad = [2, 1, 2, 3], groups = 18}"),
      one("convolutions of whole blocks of channels", 16, 7,
          "{kind = 'convolution', channels = 16, kernel = 3, pad = 1, bias = false}, {kind = 'batch-norm'}, "
          "{kind = 'relu'}, {kind = 'convolution', channels = 20, kernel = 3}, {kind = 'relu'}"),
      one("a residual add to a convolution of whole blocks of channels that reads the same", 16, 6, R"(
          {kind = 'convolution', channels = 16, kernel = 1, name = 'left'},
          {kind = 'convolution', channels = 16, kernel = 3, pad = 1, name = 'right'},
          {kind = 'add', from = ['left', 'right']})"),
      one("a convolution of uneven kernel and pad", 2, 6,
          "{kind = 'convolution', channels = 3, kernel_height = 1, kernel_width = 3, pad = [0, 2, 1, 0]}"),
      one("normalisation, ReLU", 3, 6,
          "{kind = 'convolution', channels = 8, kernel = 3, pad = 1}, {kind = 'batch-norm'}, {kind = 'relu'}"),
      one("normalisation of a vector", 3, 4, "{kind = 'fully-connected', outputs = 10}, {kind = 'batch-norm'}"),
      one("a stride that leaves the last column out", 3, 30,
          "{kind = 'convolution', channels = 16, kernel = 1}, "
          "{kind = 'convolution', channels = 16, kernel = 3, stride = 2}"),
      one("overlapping max pools with pad", 4, 7, "{kind = 'max-pool', kernel = 3, stride = 2, pad = 1}"),
      one("average pools with pad", 4, 7,
          "{kind = 'average-pool', kernel = 3, stride = 2, pad = 1}, {kind = 'average-pool', kernel = 2}"),
      one("global pooling", 3, 6, "{kind = 'convolution', channels = 18, kernel = 3}, {kind = 'global-average-pool'}"),
      one("a residual add with padding", 4, 8, R"(
          {kind = 'convolution', channels = 4, kernel = 3, pad = 1, name = 'stem'},
          {kind = 'convolution', channels = 6, kernel = 3, stride = 2, name = 'right'},
          {kind = 'average-pool', kernel = 2, from = 'stem'}, {kind = 'pad', channels = 2, name = 'left'},
          {kind = 'pad', bottom = 1, right = 1, from = 'right', name = 'right_padded'},
          {kind = 'add', from = ['left', 'right_padded']}, {kind = 'relu'})"),
      // Whole rows of the convolution's output lie in its pad.
      one("a residual add to a convolution whose pad is as wide as its kernel", 3, 6, R"(
          {kind = 'convolution', channels = 4, kernel_height = 1, kernel_width = 3, pad = 1, name = 'left'},
          {kind = 'pad', bottom = 2, from = 'input'}, {kind = 'convolution', channels = 4, kernel = 1, name = 'right'},
          {kind = 'add', from = ['left', 'right']})"),
      one("a concatenation of branches", 3, 6, R"(
          {kind = 'convolution', channels = 5, kernel = 1, name = 'a'},
          {kind = 'convolution', channels = 7, kernel = 3, pad = 1, from = 'input', name = 'b'},
          {kind = 'concat', from = ['a', 'b']})"),
      one("a softmax of maps", 3, 5, "{kind = 'softmax'}"),
      one("zeros on all sides", 3, 4,
          "{kind = 'pad', channels = 2, top = 1, left = 2, bottom = 3, right = 4}, "
          "{kind = 'convolution', channels = 3, kernel = 3}"),
      one("a scale of channels", 3, 5, "{kind = 'convolution', channels = 18, kernel = 3}, {kind = 'scale'}"),
      one("a PReLU", 3, 5, "{kind = 'convolution', channels = 18, kernel = 3}, {kind = 'prelu'}"),
      one("sigmoid and tanh", 3, 5,
          "{kind = 'convolution', channels = 5, kernel = 3}, {kind = 'sigmoid'}, "
          "{kind = 'convolution', channels = 18, kernel = 1}, {kind = 'tanh'}"),
      one("activations that a convolution computes along", 3, 5, R"(
          {kind = 'convolution', channels = 18, kernel = 3}, {kind = 'batch-norm'}, {kind = 'hard-swish'},
          {kind = 'convolution', channels = 16, kernel = 1}, {kind = 'hard-sigmoid', slope = 2, offset = 0.3},
          {kind = 'convolution', channels = 17, kernel = 1}, {kind = 'silu'},
          {kind = 'convolution', channels = 16, kernel = 1}, {kind = 'gelu'},
          {kind = 'convolution', channels = 5, kernel = 1}, {kind = 'gelu', tanh = true},
          {kind = 'convolution', channels = 16, kernel = 3, pad = 1}, {kind = 'clip', low = -0.3, high = 0.2})"),
      one("activations by themselves", 3, 5, R"(
          {kind = 'convolution', channels = 18, kernel = 3, name = 'c'},
          {kind = 'hard-swish', from = 'c', name = 'a'}, {kind = 'hard-sigmoid', from = 'c', name = 'b'},
          {kind = 'silu', from = 'c', name = 'd'}, {kind = 'gelu', from = 'c', name = 'e'},
          {kind = 'gelu', tanh = true, from = 'c', name = 'f'}, {kind = 'clip', high = 0.5, from = 'c', name = 'g'},
          {kind = 'concat', from = ['a', 'b', 'd', 'e', 'f', 'g']})"),
      one("a residual add and an activation after it", 4, 6, R"(
          {kind = 'convolution', channels = 16, kernel = 3, pad = 1, name = 'left'},
          {kind = 'convolution', channels = 16, kernel = 3, pad = 1}, {kind = 'batch-norm', name = 'right'},
          {kind = 'add', from = ['left', 'right']}, {kind = 'hard-swish'})"),
      one("layer normalisation of maps", 3, 9, R"(
          {kind = 'convolution', channels = 18, kernel = 3}, {kind = 'layer-norm', epsilon = 1e-3},
          {kind = 'convolution', channels = 16, kernel = 3}, {kind = 'layer-norm', epsilon = 1e-3})"),
      one("layer normalisation of a vector", 3, 4,
          "{kind = 'fully-connected', outputs = 10}, {kind = 'layer-norm', epsilon = 1e-3}"),
      one("channels cut in two and mixed", 3, 5, R"(
          {kind = 'convolution', channels = 32, kernel = 1, name = 'c'},
          {kind = 'slice', channels = 16, from = 'c', name = 'a'},
          {kind = 'slice', first = 16, channels = 16, from = 'c'},
          {kind = 'convolution', channels = 16, kernel = 3, pad = 1, name = 'b'},
          {kind = 'concat', from = ['a', 'b']}, {kind = 'shuffle', groups = 2})"),
      one("channels cut unevenly and mixed", 3, 5, R"(
          {kind = 'convolution', channels = 18, kernel = 1, name = 'c'},
          {kind = 'slice', first = 3, channels = 10, from = 'c', name = 'a'},
          {kind = 'shuffle', groups = 3, from = 'c', name = 'b'}, {kind = 'concat', from = ['a', 'b']})"),
      one("a gate on each channel", 3, 6, R"(
          {kind = 'convolution', channels = 18, kernel = 3, name = 'all'}, {kind = 'global-average-pool'},
          {kind = 'fully-connected', outputs = 18}, {kind = 'sigmoid', name = 'gate'},
          {kind = 'multiply', from = ['all', 'gate']})"),
      one("arithmetic of two branches", 3, 5, R"(
          {kind = 'convolution', channels = 17, kernel = 3, name = 'a'},
          {kind = 'convolution', channels = 17, kernel = 3, from = 'input'}, {kind = 'sigmoid', name = 'b'},
          {kind = 'global-average-pool', name = 'mean'},
          {kind = 'subtract', from = ['mean', 'a'], name = 'difference'},
          {kind = 'multiply', from = ['difference', 'a'], name = 'product'},
          {kind = 'divide', from = ['product', 'b']}, {kind = 'divide', from = ['a', 'mean'], name = 'quotient'},
          {kind = 'fully-connected', from = 'divide8', outputs = 4})"),
      one("a square", 3, 5,
          "{kind = 'convolution', channels = 5, kernel = 3, name = 'c'}, {kind = 'multiply', from = ['c', 'c']}"),
      one("an upsampling", 3, 4, "{kind = 'convolution', channels = 18, kernel = 3}, {kind = 'upsample', factor = 3}"),
      one("numbers under another shape", 3, 6,
          "{kind = 'convolution', channels = 18, kernel = 3}, {kind = 'reshape', shape = [16, 9, 2]}, "
          "{kind = 'convolution', channels = 4, kernel = 2}, {kind = 'reshape', shape = [32, 1, 1]}"),
      one("axes in another order", 3, 6,
          "{kind = 'convolution', channels = 18, kernel = 3}, {kind = 'transpose', order = [1, 2, 0]}, "
          "{kind = 'convolution', channels = 16, kernel = 2}, {kind = 'transpose', order = [2, 0, 1]}"),
      one("a layer read twice", 3, 5,
          "{kind = 'convolution', channels = 4, kernel = 3, name = 'c'}, {kind = 'add', from = ['c', 'c']}"),
      one("two outputs", 3, 5, R"(
          {kind = 'convolution', channels = 4, kernel = 3, name = 'c'},
          {kind = 'fully-connected', outputs = 2, from = 'c'}, {kind = 'relu', from = 'c'})"),
  };
}

Graph random_graph(std::uint64_t seed) { return RandomGraph(seed).make(); }

}  // namespace agewise::nn
