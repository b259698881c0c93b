#include "agewise/weights/onnx_writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/overloaded.h"
#include "agewise/weights/onnx_builder.h"

namespace agewise::weights {
namespace {

// The oldest that have all operators, LayerNormalization where it is needed.
OnnxVersions versions_of(const nn::Graph& graph) {
  bool layer_norm = std::any_of(graph.layers.begin(), graph.layers.end(), [](const nn::Layer& layer) {
    return std::holds_alternative<nn::layer::LayerNorm>(layer.kind);
  });
  return layer_norm ? OnnxVersions{8, 17} : OnnxVersions{7, 13};
}

// A layer's output: its name there, and whether it is N × C instead of N × C × H × W.
struct Value {
  std::string name;
  bool vector = false;
};

class Writer {
 public:
  Writer(const nn::Graph& graph, std::span<const float> parameters, const OnnxFrame& frame)
      : graph_(graph),
        parameters_(parameters),
        frame_(frame),
        infos_(nn::parameters_of(graph)),
        out_(versions_of(graph)) {
    if (graph.inputs.size() != 1) throw std::invalid_argument("an ONNX file is written of one input");
    if (nn::parameter_count(infos_) != static_cast<std::int64_t>(parameters.size()))
      throw std::invalid_argument("these are not the graph's parameters");
  }

  std::string write() {
    add_constants();
    values_.resize(graph_.layers.size());
    for (int i = 0; i < static_cast<int>(graph_.layers.size()); ++i) values_[i] = written(i);
    for (std::size_t i = 0; i < graph_.outputs.size(); ++i)
      finish(graph_.outputs[i], frame_.output + (i == 0 ? "" : std::to_string(i + 1)));
    return out_.write(frame_.notes);
  }

 private:
  const nn::Layer& layer(int i) const { return graph_.layers[static_cast<std::size_t>(i)]; }

  void add_constants() {
    const float* place = parameters_.data();
    for (const nn::ParameterInfo& info : infos_) {
      Ints shape = info.shape;
      const nn::LayerKind& kind = layer(info.layer).kind;
      bool stretched = std::holds_alternative<nn::layer::Scale>(kind) || std::holds_alternative<nn::layer::PRelu>(kind);
      if (stretched && !is_vector(info.layer)) shape = {info.shape[0], 1, 1};
      out_.constant(info.name, shape, {place, static_cast<std::size_t>(info.size())});
      place += info.size();
    }
  }

  // Whether a layer's output is N × C there: a fully connected layer's, and what keeps its input's axes.
  bool is_vector(int i) const {
    const nn::Layer& of = layer(i);
    using namespace nn::layer;
    bool keeps = is_one_of<Relu, PRelu, Sigmoid, Tanh, BatchNorm, Scale, Softmax, Dropout, HardSigmoid, HardSwish, Silu,
                           Gelu, Clip, LayerNorm, Slice>(of.kind);
    return std::holds_alternative<FullyConnected>(of.kind) || (keeps && is_vector(of.inputs[0]));
  }

  template <class... Kinds>
  static bool is_one_of(const nn::LayerKind& kind) {
    return (std::holds_alternative<Kinds>(kind) || ...);
  }

  // The input number `k` of a layer with four axes.
  std::string map(int i, std::size_t k = 0) {
    Value& value = values_[layer(i).inputs[k]];
    if (!value.vector) return value.name;
    std::string name = value.name + ".map";
    if (std::find(mapped_.begin(), mapped_.end(), name) == mapped_.end()) {
      mapped_.push_back(name);
      Ints shape{-1, layer(layer(i).inputs[k]).shape.channels, 1, 1};
      out_.node("Reshape", {value.name, out_.whole_constant(name + ".shape", shape)}, name);
    }
    return name;
  }
  std::string any(int i) { return values_[layer(i).inputs[0]].name; }

  Value written(int i) {
    const std::string& name = layer(i).name;
    std::string at = i == graph_.inputs[0] ? "" : name;
    std::visit(
        base::Overloaded{
            [&](const nn::layer::Input&) { at = input(); },
            [&](const nn::layer::Convolution& c) { convolution(i, c); },
            [&](const nn::layer::BatchNorm& n) {
              onnx::Node& made = out_.node(
                  "BatchNormalization",
                  {any(i), name + ".weight", name + ".bias", name + ".running_mean", name + ".running_var"}, name);
              set(made, "epsilon", n.epsilon);
            },
            [&](const nn::layer::Relu&) { out_.node("Relu", {any(i)}, name); },
            [&](const nn::layer::MaxPool& p) { pool("MaxPool", i, p.kernel, p.stride, p.pad); },
            [&](const nn::layer::AveragePool& p) { pool("AveragePool", i, p.kernel, p.stride, p.pad); },
            [&](const nn::layer::GlobalAveragePool&) { out_.node("GlobalAveragePool", {map(i)}, name); },
            [&](const nn::layer::Dropout&) { at = any(i); },
            [&](const nn::layer::FullyConnected& f) { fully_connected(i, f); },
            [&](const nn::layer::Add&) { sum(i); },
            [&](const nn::layer::Pad& p) {
              Ints pads{0, 0, p.top, p.left, 0, p.channels, p.bottom, p.right};
              out_.node("Pad", {map(i), out_.whole_constant(name + ".pads", pads)}, name);
            },
            [&](const nn::layer::Concat&) {
              std::vector<std::string> inputs;
              for (std::size_t k = 0; k < layer(i).inputs.size(); ++k) inputs.push_back(map(i, k));
              set(out_.node("Concat", inputs, name), "axis", std::int64_t{1});
            },
            [&](const nn::layer::Softmax&) { set(out_.node("Softmax", {any(i)}, name), "axis", std::int64_t{1}); },
            [&](const nn::layer::Scale&) {
              out_.node("Mul", {any(i), name + ".weight"}, name + ".scaled");
              out_.node("Add", {name + ".scaled", name + ".bias"}, name);
            },
            [&](const nn::layer::PRelu&) {
              out_.node("PRelu", {any(i), name + ".weight"}, name);
            },
            [&](const nn::layer::Sigmoid&) { out_.node("Sigmoid", {any(i)}, name); },
            [&](const nn::layer::Tanh&) { out_.node("Tanh", {any(i)}, name); },
            [&](const nn::layer::HardSigmoid& s) { hard_sigmoid(any(i), s, name); },
            [&](const nn::layer::HardSwish&) {
              hard_sigmoid(any(i), {}, name + ".gate");
              out_.node("Mul", {any(i), name + ".gate"}, name);
            },
            [&](const nn::layer::Silu&) {
              out_.node("Sigmoid", {any(i)}, name + ".gate");
              out_.node("Mul", {any(i), name + ".gate"}, name);
            },
            [&](const nn::layer::Gelu& g) { gelu(any(i), g.tanh, name); },
            [&](const nn::layer::Clip& c) {
              out_.node("Clip", {any(i), out_.number(name + ".low", c.low), out_.number(name + ".high", c.high)}, name);
            },
            [&](const nn::layer::LayerNorm& n) { layer_norm(i, n); },
            [&](const nn::layer::Slice& s) {
              out_.node("Slice",
                        {any(i), out_.whole_constant(name + ".first", {s.first}),
                         out_.whole_constant(name + ".end", {s.first + s.channels}),
                         out_.whole_constant(name + ".axis", {1})},
                        name);
            },
            [&](const nn::layer::Shuffle& s) { shuffle(i, s.groups); },
            [&](const nn::layer::Multiply&) {
              out_.node("Mul", {map(i, 0), map(i, 1)}, name);
            },
            [&](const nn::layer::Subtract&) {
              out_.node("Sub", {map(i, 0), map(i, 1)}, name);
            },
            [&](const nn::layer::Divide&) {
              out_.node("Div", {map(i, 0), map(i, 1)}, name);
            },
            [&](const nn::layer::Upsample& u) { upsample(i, static_cast<float>(u.factor)); },
            [&](const nn::layer::Reshape& r) {
              Ints shape{-1, r.shape.channels, r.shape.height, r.shape.width};
              out_.node("Reshape", {map(i), out_.whole_constant(name + ".shape", shape)}, name);
            },
            [&](const nn::layer::Transpose& t) {
              set(out_.node("Transpose", {map(i)}, name), "perm",
                  Ints{0, t.order[0] + 1, t.order[1] + 1, t.order[2] + 1});
            },
        },
        layer(i).kind);
    return {at, is_vector(i)};
  }

  // The pixels, and what is done to them first.
  std::string input() {
    const nn::Shape& shape = layer(graph_.inputs[0]).shape;
    out_.add_input(frame_.input, {shape.channels, shape.height, shape.width});
    std::string at = frame_.input;
    if (!frame_.mean.empty()) {
      std::vector<float> mean(frame_.mean.begin(), frame_.mean.end());
      out_.constant(frame_.input + ".mean", {shape.channels, 1, 1}, mean);
      out_.node("Sub", {at, frame_.input + ".mean"}, frame_.input + ".centred");
      at = frame_.input + ".centred";
    }
    if (frame_.scale != 1) at = out_.times(at, frame_.scale, frame_.input + ".scaled");
    return at;
  }

  void hard_sigmoid(const std::string& x, const nn::layer::HardSigmoid& s, const std::string& name) {
    onnx::Node& made = out_.node("HardSigmoid", {x}, name);
    set(made, "alpha", s.slope);
    set(made, "beta", s.offset);
  }

  // As the formulas in nn/graph.h say; the operator Gelu is of version 20, later than many readers know.
  void gelu(const std::string& x, bool tanh, const std::string& name) {
    std::string at = out_.times(x, tanh ? std::sqrt(2 / std::numbers::pi) : 1 / std::numbers::sqrt2, name + ".inner");
    if (tanh) {
      out_.node("Mul", {x, x}, name + ".square");
      out_.node("Mul", {name + ".square", out_.number(name + ".cubic", 0.044715)}, name + ".bent");
      out_.node("Add", {name + ".bent", out_.number(name + ".one", 1)}, name + ".factor");
      out_.node("Mul", {at, name + ".factor"}, name + ".argument");
      out_.node("Tanh", {name + ".argument"}, name + ".curve");
    } else {
      out_.node("Erf", {at}, name + ".curve");
    }
    out_.node("Add", {name + ".curve", out_.number(name + ".above", 1)}, name + ".sum");
    out_.node("Mul", {x, name + ".sum"}, name + ".double");
    out_.times(name + ".double", 0.5, name);
  }

  void layer_norm(int i, const nn::layer::LayerNorm& n) {
    const std::string& name = layer(i).name;
    bool vector = is_vector(i);
    std::string at = any(i), end = vector ? name : name + ".normalised";
    if (!vector) {
      set(out_.node("Transpose", {map(i)}, name + ".last"), "perm", Ints{0, 2, 3, 1});
      at = name + ".last";
    }
    onnx::Node& made = out_.node("LayerNormalization", {at, name + ".weight", name + ".bias"}, end);
    set(made, "axis", std::int64_t{-1});
    set(made, "epsilon", n.epsilon);
    if (!vector) set(out_.node("Transpose", {end}, name), "perm", Ints{0, 3, 1, 2});
  }

  void shuffle(int i, int groups) {
    const std::string& name = layer(i).name;
    const nn::Shape& s = layer(i).shape;
    Ints grouped{-1, groups, s.channels / groups, s.height, s.width}, whole{-1, s.channels, s.height, s.width};
    out_.node("Reshape", {map(i), out_.whole_constant(name + ".groups", grouped)}, name + ".grouped");
    set(out_.node("Transpose", {name + ".grouped"}, name + ".mixed"), "perm", Ints{0, 2, 1, 3, 4});
    out_.node("Reshape", {name + ".mixed", out_.whole_constant(name + ".shape", whole)}, name);
  }

  void convolution(int i, const nn::layer::Convolution& c) {
    const std::string& name = layer(i).name;
    std::vector<std::string> inputs{map(i), name + ".weight"};
    if (c.bias) inputs.push_back(name + ".bias");
    onnx::Node& made = out_.node("Conv", inputs, name);
    set(made, "kernel_shape", Ints{c.kernel_height, c.kernel_width});
    set(made, "strides", Ints{c.stride, c.stride});
    set(made, "pads", Ints{c.pad.top, c.pad.left, c.pad.bottom, c.pad.right});
    set(made, "group", std::int64_t{c.groups});
  }

  void pool(const char* kind, int i, int kernel, int stride, const nn::Padding& pad) {
    onnx::Node& made = out_.node(kind, {map(i)}, layer(i).name);
    set(made, "kernel_shape", Ints{kernel, kernel});
    set(made, "strides", Ints{stride, stride});
    set(made, "pads", Ints{pad.top, pad.left, pad.bottom, pad.right});
  }

  void fully_connected(int i, const nn::layer::FullyConnected& f) {
    const std::string& name = layer(i).name;
    std::string flat = any(i);
    if (!values_[layer(i).inputs[0]].vector) {
      flat = name + ".flat";
      set(out_.node("Flatten", {any(i)}, flat), "axis", std::int64_t{1});
    }
    std::vector<std::string> inputs{flat, name + ".weight"};
    if (f.bias) inputs.push_back(name + ".bias");
    set(out_.node("Gemm", inputs, name), "transB", std::int64_t{1});
  }

  // Two at a time.
  void sum(int i) {
    const std::string& name = layer(i).name;
    std::size_t count = layer(i).inputs.size();
    std::string at = map(i, 0);
    if (count == 1) out_.node("Identity", {at}, name);
    for (std::size_t k = 1; k < count; ++k) {
      std::string next = k + 1 == count ? name : name + ".sum" + std::to_string(k);
      out_.node("Add", {at, map(i, k)}, next);
      at = next;
    }
  }

  void upsample(int i, float factor) {
    const std::string& name = layer(i).name;
    const float scales[] = {1, 1, factor, factor};
    out_.constant(name + ".scales", {4}, scales);
    out_.constant(name + ".roi", {0}, {});
    onnx::Node& made = out_.node("Resize", {map(i), name + ".roi", name + ".scales"}, name);
    set(made, "mode", "nearest");
    set(made, "coordinate_transformation_mode", "asymmetric");
    set(made, "nearest_mode", "floor");
  }

  void finish(int i, const std::string& output) {
    const Value& last = values_[i];
    const nn::Shape& shape = layer(i).shape;
    std::string at = last.name;
    bool vector = last.vector;
    if (!vector && shape.height == 1 && shape.width == 1) {
      vector = true;
      set(out_.node("Flatten", {at}, output + ".flat"), "axis", std::int64_t{1});
      at = output + ".flat";
    }
    if (frame_.factor != 1) at = out_.times(at, frame_.factor, output + ".times");
    if (frame_.softmax) {
      set(out_.node("Softmax", {at}, output), "axis", std::int64_t{1});
    } else {
      out_.node("Identity", {at}, output);
    }
    out_.add_output(output, vector ? Ints{shape.channels} : Ints{shape.channels, shape.height, shape.width});
  }

  const nn::Graph& graph_;
  std::span<const float> parameters_;
  const OnnxFrame& frame_;
  std::vector<nn::ParameterInfo> infos_;
  OnnxBuilder out_;
  std::vector<Value> values_;
  std::vector<std::string> mapped_;
};

}  // namespace

std::string onnx_of(const nn::Graph& graph, std::span<const float> parameters, const OnnxFrame& frame) {
  return Writer(graph, parameters, frame).write();
}

// Fields are written in the order of their numbers: ir_version, one byte, comes first, then producer_name.
bool is_onnx_of_agewise(std::string_view beginning) {
  constexpr std::string_view kVersionField("\x08", 1), kProducerField(
                                                           "\x12\x07"
                                                           "agewise",
                                                           9);
  return beginning.starts_with(kVersionField) && beginning.size() > 2 &&
         beginning.substr(2).starts_with(kProducerField);
}

void write_onnx(const std::filesystem::path& file, const nn::Graph& graph, std::span<const float> parameters,
                const OnnxFrame& frame) {
  constexpr std::size_t kRoomForNames = std::size_t{64} << 20;
  if (parameters.size_bytes() + kRoomForNames > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw base::file_error(file, "would be larger than 2 GiB, the format's limit");
  base::write_file(file, onnx_of(graph, parameters, frame));
}

}  // namespace agewise::weights
