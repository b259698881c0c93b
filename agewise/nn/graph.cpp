#include "agewise/nn/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/overloaded.h"
#include "agewise/base/random.h"

namespace agewise {
namespace {

// Of one layer's output for one sample, and of its weights: far beyond any network of use. It keeps an int able to
// index them, whatever a recipe says.
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 28;

[[noreturn]] void reject(const Layer& layer, const std::string& problem) {
  throw UsageError(fmt::format("layer {}: {}", layer.name, problem));
}

std::string to_text(const Shape& shape) { return fmt::format("{}×{}×{}", shape.channels, shape.height, shape.width); }

void check_size(const Layer& layer, const char* what, std::initializer_list<std::int64_t> lengths) {
  std::int64_t size = 1;
  for (std::int64_t length : lengths) {
    if (length > kMostNumbers / size) reject(layer, fmt::format("{} of more than {} numbers", what, kMostNumbers));
    size *= std::max<std::int64_t>(1, length);
  }
}

int window_count(const Layer& layer, int size, int before, int after, int kernel, int stride) {
  if (kernel < 1 || stride < 1 || before < 0 || after < 0)
    reject(layer, "kernel and stride must be 1 or more, pad 0 or more");
  if (size + before + after < kernel) {
    reject(layer, fmt::format("a kernel of {} is larger than its input of {} with pad", kernel, size));
  }
  return (size + before + after - kernel) / stride + 1;
}

Shape windows(const Layer& layer, const Shape& in, int channels, int kernel_height, int kernel_width, int stride,
              const Padding& pad) {
  return {channels, window_count(layer, in.height, pad.top, pad.bottom, kernel_height, stride),
          window_count(layer, in.width, pad.left, pad.right, kernel_width, stride)};
}

Shape pooled(const Layer& layer, const Shape& in, int kernel, int stride, const Padding& pad) {
  // A window that lies wholly in the padding has no pixel to take.
  if (std::max({pad.top, pad.left, pad.bottom, pad.right}) >= kernel)
    reject(layer, "pad must be smaller than the kernel");
  return windows(layer, in, in.channels, kernel, kernel, stride, pad);
}

Shape concatenated(const Layer& layer, const std::vector<Shape>& inputs) {
  const Shape& first = inputs.front();
  std::int64_t channels = 0;
  for (const Shape& shape : inputs) {
    if (shape.height != first.height || shape.width != first.width)
      reject(layer, fmt::format("cannot concatenate {} and {}", to_text(first), to_text(shape)));
    channels += shape.channels;
  }
  check_size(layer, "an output", {channels});
  return {static_cast<int>(channels), first.height, first.width};
}

Shape added(const Layer& layer, const std::vector<Shape>& inputs) {
  for (const Shape& shape : inputs) {
    if (shape != inputs.front()) {
      reject(layer,
             fmt::format("cannot add {} to {}; a pad layer makes them equal", to_text(shape), to_text(inputs.front())));
    }
  }
  return inputs.front();
}

Shape convolved(const Layer& layer, const layer::Convolution& c, const Shape& in) {
  if (c.channels < 1) reject(layer, "channels must be 1 or more");
  if (c.groups < 1 || in.channels % c.groups != 0 || c.channels % c.groups != 0) {
    reject(layer,
           fmt::format("{} groups do not divide {} input and {} output channels", c.groups, in.channels, c.channels));
  }
  check_size(layer, "weights", {c.channels, in.channels / c.groups, c.kernel_height, c.kernel_width});
  return windows(layer, in, c.channels, c.kernel_height, c.kernel_width, c.stride, c.pad);
}

Shape connected(const Layer& layer, const layer::FullyConnected& f, const Shape& in) {
  if (f.outputs < 1) reject(layer, "outputs must be 1 or more");
  check_size(layer, "weights", {f.outputs, in.size()});
  return {f.outputs, 1, 1};
}

Shape normalised(const Layer& layer, const layer::BatchNorm& norm, const Shape& in) {
  if (!(norm.epsilon > 0 && norm.epsilon <= 1)) reject(layer, "epsilon must be above 0 and at most 1");
  if (!(norm.momentum >= 0 && norm.momentum <= 1)) reject(layer, "momentum must be from 0 to 1");
  return in;
}

Shape dropped(const Layer& layer, const layer::Dropout& dropout, const Shape& in) {
  if (!(dropout.rate >= 0 && dropout.rate < 1)) reject(layer, "rate must be from 0 up to but not including 1");
  return in;
}

Shape padded(const Layer& layer, const layer::Pad& pad, Shape in) {
  if (pad.channels < 0 || pad.bottom < 0 || pad.right < 0) reject(layer, "a pad must be 0 or more");
  return {in.channels + pad.channels, in.height + pad.bottom, in.width + pad.right};
}

bool takes_several(const LayerKind& kind) {
  return std::holds_alternative<layer::Add>(kind) || std::holds_alternative<layer::Concat>(kind);
}

// Inputs of one output, which scale fresh weights.
double fan_in(const ParameterInfo& weight) {
  return static_cast<double>(weight.size()) / static_cast<double>(weight.shape[0]);
}

Initial initial_of(const LayerKind& kind) {
  if (const auto* c = std::get_if<layer::Convolution>(&kind)) return c->initial;
  return std::get<layer::FullyConnected>(kind).initial;
}

void draw(Initial initial, double inputs, Random random, float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    switch (initial) {
      case Initial::he_normal:
        values[i] = static_cast<float>(random.normal() * std::sqrt(2 / inputs));
        break;
      case Initial::lecun_normal:
        values[i] = static_cast<float>(random.normal() * std::sqrt(1 / inputs));
        break;
      case Initial::pytorch_uniform:
        values[i] = static_cast<float>(random.uniform(-1, 1) / std::sqrt(inputs));
        break;
      case Initial::normal_001:
        values[i] = static_cast<float>(random.normal() * 0.01);
        break;
    }
  }
}

// For a string of Graphviz in quotes.
std::string escaped(const std::string& text) {
  std::string safe;
  for (char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string describe(const LayerKind& kind) {
  return std::visit(Overloaded{
                        [](const layer::Input&) -> std::string { return "input"; },
                        [](const layer::Convolution& c) {
                          std::string text = fmt::format("convolution {}×{}", c.kernel_height, c.kernel_width);
                          if (c.stride != 1) text += fmt::format(", stride {}", c.stride);
                          if (c.groups != 1) text += fmt::format(", {} groups", c.groups);
                          return text;
                        },
                        [](const layer::BatchNorm&) -> std::string { return "batch normalisation"; },
                        [](const layer::Relu&) -> std::string { return "ReLU"; },
                        [](const layer::MaxPool& p) {
                          return fmt::format("max pool {}×{}, stride {}", p.kernel, p.kernel, p.stride);
                        },
                        [](const layer::AveragePool& p) {
                          return fmt::format("average pool {}×{}, stride {}", p.kernel, p.kernel, p.stride);
                        },
                        [](const layer::GlobalAveragePool&) -> std::string { return "global average pool"; },
                        [](const layer::Dropout& d) { return fmt::format("dropout {}", d.rate); },
                        [](const layer::FullyConnected&) -> std::string { return "fully connected"; },
                        [](const layer::Add&) -> std::string { return "add"; },
                        [](const layer::Pad&) -> std::string { return "pad"; },
                        [](const layer::Concat&) -> std::string { return "concatenate"; },
                        [](const layer::Softmax&) -> std::string { return "softmax"; },
                    },
                    kind);
}

}  // namespace

std::int64_t ParameterInfo::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Shape shape_of(const Layer& layer, const std::vector<Shape>& inputs) {
  if (const auto* input = std::get_if<layer::Input>(&layer.kind)) return input->shape;
  if (inputs.empty() || (inputs.size() > 1 && !takes_several(layer.kind))) {
    reject(layer,
           fmt::format("{} inputs; {} are expected", inputs.size(), takes_several(layer.kind) ? "1 or more" : "1"));
  }
  const Shape& in = inputs.front();
  auto shape_of_kind = Overloaded{
      [&](const layer::Convolution& c) { return convolved(layer, c, in); },
      [&](const layer::BatchNorm& norm) { return normalised(layer, norm, in); },
      [&](const layer::MaxPool& p) { return pooled(layer, in, p.kernel, p.stride, p.pad); },
      [&](const layer::AveragePool& p) { return pooled(layer, in, p.kernel, p.stride, p.pad); },
      [&](const layer::GlobalAveragePool&) {
        return Shape{in.channels, 1, 1};
      },
      [&](const layer::Dropout& d) { return dropped(layer, d, in); },
      [&](const layer::FullyConnected& f) { return connected(layer, f, in); },
      [&](const layer::Add&) { return added(layer, inputs); },
      [&](const layer::Pad& p) { return padded(layer, p, in); },
      [&](const layer::Concat&) { return concatenated(layer, inputs); },
      [&](const auto&) { return in; },
  };
  Shape shape = std::visit(shape_of_kind, layer.kind);
  check_size(layer, "an output", {shape.channels, shape.height, shape.width});
  return shape;
}

std::vector<ParameterInfo> parameters_of(const Graph& graph) {
  std::vector<ParameterInfo> all;
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    const Layer& layer = graph.layers[i];
    auto add = [&](const char* part, std::vector<std::int64_t> shape, bool trained, bool decayed, double rate_factor) {
      all.push_back({layer.name + "." + part, std::move(shape), i, trained, decayed, rate_factor});
    };
    if (const auto* c = std::get_if<layer::Convolution>(&layer.kind)) {
      std::int64_t in = graph.layers[layer.inputs[0]].shape.channels / c->groups;
      add("weight", {c->channels, in, c->kernel_height, c->kernel_width}, true, true, layer.rate_factor);
      if (c->bias) add("bias", {c->channels}, true, false, layer.bias_rate_factor);
    } else if (const auto* f = std::get_if<layer::FullyConnected>(&layer.kind)) {
      add("weight", {f->outputs, graph.layers[layer.inputs[0]].shape.size()}, true, true, layer.rate_factor);
      if (f->bias) add("bias", {f->outputs}, true, false, layer.bias_rate_factor);
    } else if (std::holds_alternative<layer::BatchNorm>(layer.kind)) {
      std::int64_t channels = layer.shape.channels;
      add("weight", {channels}, true, false, layer.rate_factor);
      add("bias", {channels}, true, false, layer.bias_rate_factor);
      add("running_mean", {channels}, false, false, 0);
      add("running_var", {channels}, false, false, 0);
    }
  }
  return all;
}

std::int64_t parameter_count(const std::vector<ParameterInfo>& parameters) {
  std::int64_t sum = 0;
  for (const ParameterInfo& parameter : parameters) sum += parameter.size();
  return sum;
}

std::vector<float> initial_parameters(const Graph& graph, std::uint64_t seed) {
  std::vector<ParameterInfo> parameters = parameters_of(graph);
  std::vector<float> values(static_cast<std::size_t>(parameter_count(parameters)), 0.0F);
  float* place = values.data();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterInfo& parameter = parameters[i];
    const LayerKind& kind = graph.layers[parameter.layer].kind;
    Random random(seed, Purpose::weights, 0, static_cast<std::uint32_t>(i));
    if (parameter.decayed) {
      draw(initial_of(kind), fan_in(parameter), random, place, parameter.size());
    } else if (std::holds_alternative<layer::BatchNorm>(kind) &&
               (parameter.name.ends_with(".weight") || parameter.name.ends_with(".running_var"))) {
      std::fill_n(place, parameter.size(), 1.0F);
    }
    place += parameter.size();
  }
  return values;
}

std::string to_dot(const Graph& graph) {
  std::vector<std::int64_t> weights(graph.layers.size(), 0);
  for (const ParameterInfo& parameter : parameters_of(graph)) weights[parameter.layer] += parameter.size();
  std::string dot = "digraph network {\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n";
  for (std::size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    std::string label = fmt::format("{}\\n{}\\n{}", escaped(layer.name), describe(layer.kind), to_text(layer.shape));
    if (weights[i] > 0) label += fmt::format("\\n{} parameters", weights[i]);
    dot += fmt::format("  n{} [label=\"{}\"];\n", i, label);
    for (int input : layer.inputs) dot += fmt::format("  n{} -> n{};\n", input, i);
  }
  return dot + "}\n";
}

}  // namespace agewise
