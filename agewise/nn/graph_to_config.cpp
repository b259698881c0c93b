#include <algorithm>
#include <stdexcept>

#include "agewise/base/overloaded.h"
#include "agewise/nn/build.h"

namespace agewise::nn {
namespace {

using Options = std::map<std::string, recipe::LayerValue>;

recipe::LayerValue whole(std::int64_t number) { return number; }

recipe::LayerValue sides(const Padding& pad) {
  return std::vector<std::int64_t>{pad.top, pad.left, pad.bottom, pad.right};
}

recipe::LayerValue word(Initial initial) {
  switch (initial) {
    case Initial::he_normal:
      return "he-normal";
    case Initial::lecun_normal:
      return "lecun-normal";
    case Initial::pytorch_uniform:
      return "pytorch-uniform";
    case Initial::normal_001:
      return "normal-001";
  }
  throw std::logic_error("an initial rule that does not exist");
}

struct LayerConfig {
  const char* kind;
  Options options = {};
};

LayerConfig convolution(const layer::Convolution& c) {
  return {"convolution",
          {{"channels", whole(c.channels)},
           {"kernel_height", whole(c.kernel_height)},
           {"kernel_width", whole(c.kernel_width)},
           {"stride", whole(c.stride)},
           {"pad", sides(c.pad)},
           {"groups", whole(c.groups)},
           {"bias", c.bias},
           {"initial", word(c.initial)}}};
}

template <class Pool>
LayerConfig pool(const char* kind, const Pool& p) {
  return {kind, {{"kernel", whole(p.kernel)}, {"stride", whole(p.stride)}, {"pad", sides(p.pad)}}};
}

LayerConfig fully_connected(const layer::FullyConnected& f, bool of_classes) {
  recipe::LayerValue outputs = of_classes ? recipe::LayerValue("classes") : whole(f.outputs);
  return {"fully-connected", {{"outputs", outputs}, {"bias", f.bias}, {"initial", word(f.initial)}}};
}

LayerConfig config_of(const LayerKind& kind, bool of_classes) {
  return std::visit(
      base::Overloaded{
          [](const layer::Input&) -> LayerConfig { throw std::invalid_argument("an input is no layer of a recipe"); },
          [](const layer::Convolution& c) { return convolution(c); },
          [](const layer::BatchNorm& n) {
            return LayerConfig{"batch-norm", {{"epsilon", n.epsilon}, {"momentum", n.momentum}}};
          },
          [](const layer::Relu&) { return LayerConfig{"relu"}; },
          [](const layer::MaxPool& p) { return pool("max-pool", p); },
          [](const layer::AveragePool& p) { return pool("average-pool", p); },
          [](const layer::GlobalAveragePool&) { return LayerConfig{"global-average-pool"}; },
          [](const layer::Dropout& d) {
            return LayerConfig{"dropout", {{"rate", d.rate}}};
          },
          [&](const layer::FullyConnected& f) { return fully_connected(f, of_classes); },
          [](const layer::Add&) { return LayerConfig{"add"}; },
          [](const layer::Pad& p) {
            return LayerConfig{"pad",
                               {{"channels", whole(p.channels)},
                                {"bottom", whole(p.bottom)},
                                {"right", whole(p.right)},
                                {"top", whole(p.top)},
                                {"left", whole(p.left)}}};
          },
          [](const layer::Concat&) { return LayerConfig{"concat"}; },
          [](const layer::Softmax&) { return LayerConfig{"softmax"}; },
          [](const layer::Scale&) { return LayerConfig{"scale"}; },
          [](const layer::PRelu&) { return LayerConfig{"prelu"}; },
          [](const layer::Sigmoid&) { return LayerConfig{"sigmoid"}; },
          [](const layer::Tanh&) { return LayerConfig{"tanh"}; },
          [](const layer::Multiply&) { return LayerConfig{"multiply"}; },
          [](const layer::Subtract&) { return LayerConfig{"subtract"}; },
          [](const layer::Divide&) { return LayerConfig{"divide"}; },
          [](const layer::Upsample& u) {
            return LayerConfig{"upsample", {{"factor", whole(u.factor)}}};
          },
          [](const layer::Reshape& r) {
            std::vector<std::int64_t> shape{r.shape.channels, r.shape.height, r.shape.width};
            return LayerConfig{"reshape", {{"shape", shape}}};
          },
          [](const layer::HardSigmoid& s) {
            return LayerConfig{"hard-sigmoid", {{"slope", s.slope}, {"offset", s.offset}}};
          },
          [](const layer::HardSwish&) { return LayerConfig{"hard-swish"}; },
          [](const layer::Silu&) { return LayerConfig{"silu"}; },
          [](const layer::Gelu& g) {
            return LayerConfig{"gelu", {{"tanh", g.tanh}}};
          },
          [](const layer::Clip& c) {
            return LayerConfig{"clip", {{"low", c.low}, {"high", c.high}}};
          },
          [](const layer::LayerNorm& n) {
            return LayerConfig{"layer-norm", {{"epsilon", n.epsilon}}};
          },
          [](const layer::Slice& s) {
            return LayerConfig{"slice", {{"first", whole(s.first)}, {"channels", whole(s.channels)}}};
          },
          [](const layer::Shuffle& s) {
            return LayerConfig{"shuffle", {{"groups", whole(s.groups)}}};
          },
          [](const layer::Transpose& t) {
            return LayerConfig{"transpose", {{"order", std::vector<std::int64_t>(t.order.begin(), t.order.end())}}};
          },
      },
      kind);
}

}  // namespace

std::vector<recipe::LayerRecipe> graph_to_config(const Graph& graph, int classes) {
  if (graph.inputs.size() != 1) throw std::invalid_argument("a recipe's network has one input");
  int input = graph.inputs.front();
  std::vector<recipe::LayerRecipe> layers;
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    if (i == input) continue;
    const Layer& layer = graph.layers[i];
    bool last = std::find(graph.outputs.begin(), graph.outputs.end(), i) != graph.outputs.end();
    const auto* full = std::get_if<layer::FullyConnected>(&layer.kind);
    LayerConfig text = config_of(layer.kind, full != nullptr && last && full->outputs == classes);
    recipe::LayerRecipe recipe{text.kind, layer.name, {}, std::move(text.options)};
    for (int from : layer.inputs) recipe.from.push_back(from == input ? "input" : graph.layers[from].name);
    if (layer.lr_multiplier != 1) recipe.options["lr_multiplier"] = layer.lr_multiplier;
    if (layer.bias_lr_multiplier != layer.lr_multiplier)
      recipe.options["bias_lr_multiplier"] = layer.bias_lr_multiplier;
    layers.push_back(std::move(recipe));
  }
  return layers;
}

}  // namespace agewise::nn
