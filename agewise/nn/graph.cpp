#include "agewise/nn/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/overloaded.h"
#include "agewise/base/random.h"

namespace agewise::nn {
namespace {

// Of one layer's output for one sample, and of its weights: far beyond any network of use. It keeps an int able to
// index them, whatever a recipe says.
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 28;

[[noreturn]] void reject(const Layer& layer, const std::string& problem) {
  throw base::UsageError(fmt::format("layer {}: {}", layer.name, problem));
}

std::string to_text(const Shape& shape) { return fmt::format("{}×{}×{}", shape.channels, shape.height, shape.width); }

void check_size(const Layer& layer, const char* what, std::initializer_list<std::int64_t> lengths) {
  std::int64_t size = 1;
  for (std::int64_t length : lengths) {
    if (length > kMostNumbers / size) reject(layer, fmt::format("{} has more than {} values", what, kMostNumbers));
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
  check_size(layer, "its output", {channels});
  return {static_cast<int>(channels), first.height, first.width};
}

Shape added(const Layer& layer, const std::vector<Shape>& inputs) {
  for (const Shape& shape : inputs) {
    if (shape != inputs.front()) {
      reject(layer, fmt::format("cannot add {} to {}; a pad layer can make them equal", to_text(shape),
                                to_text(inputs.front())));
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
  check_size(layer, "its weight array", {c.channels, in.channels / c.groups, c.kernel_height, c.kernel_width});
  return windows(layer, in, c.channels, c.kernel_height, c.kernel_width, c.stride, c.pad);
}

Shape connected(const Layer& layer, const layer::FullyConnected& f, const Shape& in) {
  if (f.outputs < 1) reject(layer, "outputs must be 1 or more");
  check_size(layer, "its weight array", {f.outputs, in.size()});
  return {f.outputs, 1, 1};
}

void check_epsilon(const Layer& layer, double epsilon) {
  if (!(epsilon > 0 && epsilon <= 1)) reject(layer, "epsilon must be above 0 and at most 1");
}

Shape normalised(const Layer& layer, const layer::BatchNorm& norm, const Shape& in) {
  check_epsilon(layer, norm.epsilon);
  if (!(norm.momentum >= 0 && norm.momentum <= 1)) reject(layer, "momentum must be from 0 to 1");
  return in;
}

Shape dropped(const Layer& layer, const layer::Dropout& dropout, const Shape& in) {
  if (!(dropout.rate >= 0 && dropout.rate < 1)) reject(layer, "rate must be from 0 up to but not including 1");
  return in;
}

Shape padded(const Layer& layer, const layer::Pad& pad, Shape in) {
  if (std::min({pad.channels, pad.bottom, pad.right, pad.top, pad.left}) < 0) reject(layer, "a pad must be 0 or more");
  return {in.channels + pad.channels, pad.top + in.height + pad.bottom, pad.left + in.width + pad.right};
}

Shape combined(const Layer& layer, const std::vector<Shape>& inputs) {
  const Shape &a = inputs[0], &b = inputs[1];
  auto counts_for_its_channel = [](const Shape& one, const Shape& all) { return one == Shape{all.channels, 1, 1}; };
  if (a == b || counts_for_its_channel(b, a)) return a;
  if (counts_for_its_channel(a, b)) return b;
  reject(layer, fmt::format("cannot combine {} and {} element by element", to_text(a), to_text(b)));
}

Shape upsampled(const Layer& layer, const layer::Upsample& up, const Shape& in) {
  if (up.factor < 1 || up.factor > 64) reject(layer, "factor must be from 1 to 64");
  check_size(layer, "its output",
             {in.channels, std::int64_t{in.height} * up.factor, std::int64_t{in.width} * up.factor});
  return {in.channels, in.height * up.factor, in.width * up.factor};
}

Shape reshaped(const Layer& layer, const Shape& shape, const Shape& in) {
  if (std::min({shape.channels, shape.height, shape.width}) < 1)
    reject(layer, "each length of shape must be 1 or more");
  check_size(layer, "its output", {shape.channels, shape.height, shape.width});
  if (shape.size() != in.size())
    reject(layer, fmt::format("{} and {} differ in their number of values", to_text(shape), to_text(in)));
  return shape;
}

Shape sliced(const Layer& layer, const layer::Slice& slice, const Shape& in) {
  if (slice.first < 0 || slice.channels < 1 || slice.first > in.channels - slice.channels)
    reject(layer, fmt::format("cannot take {} channels, starting with channel {}, of {}", slice.channels, slice.first,
                              in.channels));
  return {slice.channels, in.height, in.width};
}

Shape shuffled(const Layer& layer, const layer::Shuffle& shuffle, const Shape& in) {
  if (shuffle.groups < 1 || in.channels % shuffle.groups != 0)
    reject(layer, fmt::format("{} groups do not divide {} channels", shuffle.groups, in.channels));
  return in;
}

Shape clipped(const Layer& layer, const layer::Clip& clip, const Shape& in) {
  if (!(clip.low < clip.high)) reject(layer, "low must be below high");
  return in;
}

Shape transposed(const Layer& layer, const std::array<int, 3>& order, const Shape& in) {
  std::array<int, 3> sorted = order, lengths{in.channels, in.height, in.width};
  std::sort(sorted.begin(), sorted.end());
  if (sorted != std::array<int, 3>{0, 1, 2}) reject(layer, "order must have each of 0, 1 and 2 once");
  return {lengths[order[0]], lengths[order[1]], lengths[order[2]]};
}

bool takes_several(const LayerKind& kind) {
  return std::holds_alternative<layer::Add>(kind) || std::holds_alternative<layer::Concat>(kind);
}

bool takes_two(const LayerKind& kind) {
  return std::holds_alternative<layer::Multiply>(kind) || std::holds_alternative<layer::Subtract>(kind) ||
         std::holds_alternative<layer::Divide>(kind);
}

void check_input_count(const Layer& layer, std::size_t count) {
  bool several = takes_several(layer.kind), two = takes_two(layer.kind);
  if (two ? count == 2 : several ? count > 0 : count == 1) return;
  reject(layer, fmt::format("has {} inputs, but {} expected", count,
                            two       ? "2 are"
                            : several ? "1 or more are"
                                      : "1 is"));
}

// Inputs of one output, which scale fresh weights.
double fan_in(const ParameterInfo& weight) {
  return static_cast<double>(weight.size()) / static_cast<double>(weight.shape[0]);
}

Initial initial_of(const LayerKind& kind) {
  if (const auto* c = std::get_if<layer::Convolution>(&kind)) return c->initial;
  return std::get<layer::FullyConnected>(kind).initial;
}

void draw(Initial initial, double inputs, base::Random random, float* values, std::int64_t count) {
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
  return std::visit(
      base::Overloaded{
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
          [](const layer::Scale&) -> std::string { return "scale"; },
          [](const layer::PRelu&) -> std::string { return "PReLU"; },
          [](const layer::Sigmoid&) -> std::string { return "sigmoid"; },
          [](const layer::Tanh&) -> std::string { return "tanh"; },
          [](const layer::Multiply&) -> std::string { return "multiply"; },
          [](const layer::Subtract&) -> std::string { return "subtract"; },
          [](const layer::Divide&) -> std::string { return "divide"; },
          [](const layer::Upsample& u) { return fmt::format("upsample ×{}", u.factor); },
          [](const layer::Reshape&) -> std::string { return "reshape"; },
          [](const layer::Transpose&) -> std::string { return "transpose"; },
          [](const layer::HardSigmoid&) -> std::string { return "hard sigmoid"; },
          [](const layer::HardSwish&) -> std::string { return "hard swish"; },
          [](const layer::Silu&) -> std::string { return "SiLU"; },
          [](const layer::Gelu&) -> std::string { return "GELU"; },
          [](const layer::Clip& c) { return fmt::format("clip to {} … {}", c.low, c.high); },
          [](const layer::LayerNorm&) -> std::string { return "layer normalisation"; },
          [](const layer::Slice& s) { return fmt::format("channels {} … {}", s.first, s.first + s.channels - 1); },
          [](const layer::Shuffle& s) { return fmt::format("shuffle of {} groups", s.groups); },
      },
      kind);
}

}  // namespace

std::int64_t ParameterInfo::size() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Shape shape_of(const Layer& layer, const std::vector<Shape>& inputs) {
  if (const auto* input = std::get_if<layer::Input>(&layer.kind)) return input->shape;
  check_input_count(layer, inputs.size());
  const Shape& in = inputs.front();
  auto shape_of_kind = base::Overloaded{
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
      [&](const layer::Multiply&) { return combined(layer, inputs); },
      [&](const layer::Subtract&) { return combined(layer, inputs); },
      [&](const layer::Divide&) { return combined(layer, inputs); },
      [&](const layer::Upsample& up) { return upsampled(layer, up, in); },
      [&](const layer::Clip& clip) { return clipped(layer, clip, in); },
      [&](const layer::LayerNorm& norm) {
        check_epsilon(layer, norm.epsilon);
        return in;
      },
      [&](const layer::Slice& slice) { return sliced(layer, slice, in); },
      [&](const layer::Shuffle& shuffle) { return shuffled(layer, shuffle, in); },
      [&](const layer::Reshape& reshape) { return reshaped(layer, reshape.shape, in); },
      [&](const layer::Transpose& transpose) { return transposed(layer, transpose.order, in); },
      [&](const auto&) { return in; },
  };
  Shape shape = std::visit(shape_of_kind, layer.kind);
  check_size(layer, "its output", {shape.channels, shape.height, shape.width});
  return shape;
}

std::vector<ParameterInfo> parameters_of(const Graph& graph) {
  std::vector<ParameterInfo> all;
  for (int i = 0; i < static_cast<int>(graph.layers.size()); ++i) {
    const Layer& layer = graph.layers[i];
    auto add = [&](const char* part, std::vector<std::int64_t> shape, bool trained, bool decayed,
                   double lr_multiplier) {
      all.push_back({layer.name + "." + part, std::move(shape), i, trained, decayed, lr_multiplier});
    };
    if (const auto* c = std::get_if<layer::Convolution>(&layer.kind)) {
      std::int64_t in = graph.layers[layer.inputs[0]].shape.channels / c->groups;
      add("weight", {c->channels, in, c->kernel_height, c->kernel_width}, true, true, layer.lr_multiplier);
      if (c->bias) add("bias", {c->channels}, true, false, layer.bias_lr_multiplier);
    } else if (const auto* f = std::get_if<layer::FullyConnected>(&layer.kind)) {
      add("weight", {f->outputs, graph.layers[layer.inputs[0]].shape.size()}, true, true, layer.lr_multiplier);
      if (f->bias) add("bias", {f->outputs}, true, false, layer.bias_lr_multiplier);
    } else if (std::holds_alternative<layer::BatchNorm>(layer.kind)) {
      std::int64_t channels = layer.shape.channels;
      add("weight", {channels}, true, false, layer.lr_multiplier);
      add("bias", {channels}, true, false, layer.bias_lr_multiplier);
      add("running_mean", {channels}, false, false, 0);
      add("running_var", {channels}, false, false, 0);
    } else if (std::holds_alternative<layer::Scale>(layer.kind) ||
               std::holds_alternative<layer::LayerNorm>(layer.kind)) {
      add("weight", {layer.shape.channels}, true, false, layer.lr_multiplier);
      add("bias", {layer.shape.channels}, true, false, layer.bias_lr_multiplier);
    } else if (std::holds_alternative<layer::PRelu>(layer.kind)) {
      add("weight", {layer.shape.channels}, true, false, layer.lr_multiplier);
    }
  }
  return all;
}

std::int64_t parameter_count(const std::vector<ParameterInfo>& parameters) {
  std::int64_t sum = 0;
  for (const ParameterInfo& parameter : parameters) sum += parameter.size();
  return sum;
}

std::vector<int> readers_of(const Graph& graph) {
  std::vector<int> readers(graph.layers.size(), 0);
  for (const Layer& layer : graph.layers) {
    for (int input : layer.inputs) ++readers[static_cast<std::size_t>(input)];
  }
  for (int output : graph.outputs) ++readers[static_cast<std::size_t>(output)];
  return readers;
}

std::vector<float> initial_parameters(const Graph& graph, std::uint64_t seed) {
  std::vector<ParameterInfo> parameters = parameters_of(graph);
  std::vector<float> values(static_cast<std::size_t>(parameter_count(parameters)), 0.0F);
  float* place = values.data();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterInfo& parameter = parameters[i];
    const LayerKind& kind = graph.layers[parameter.layer].kind;
    base::Random random(seed, base::Purpose::weights, 0, static_cast<std::uint32_t>(i));
    if (parameter.decayed) {
      draw(initial_of(kind), fan_in(parameter), random, place, parameter.size());
    } else if (parameter.name.ends_with(".weight") || parameter.name.ends_with(".running_var")) {
      std::fill_n(place, parameter.size(), std::holds_alternative<layer::PRelu>(kind) ? 0.25F : 1.0F);
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

}  // namespace agewise::nn
