#include "agewise/weights/onnx_operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "agewise/weights/onnx_fold.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace onnx_operators {

Dims dims_of(const OnnxReader& reader, const nn::Shape& shape, std::size_t rank) {
  Dims dims{reader.batch(), shape.channels, shape.height, shape.width};
  dims.resize(rank);
  return dims;
}

void add_alike(OnnxReader& reader, const OnnxNode& node, nn::LayerKind kind, std::vector<std::vector<float>> arrays,
               const std::string& weight) {
  OnnxTensor in = reader.seen(node, 0);
  if (in.dims.size() > 4) node.refuse("input 0 has more than 4 axes");
  in.layer = reader.add(node, kind, {in.layer}, std::move(arrays), weight);
  reader.define(node, std::move(in));
}

std::int64_t channel_axis(const OnnxTensor& tensor) { return tensor.channels_last ? 3 : 1; }

void add_of_one(OnnxReader& reader, const OnnxNode& node, nn::LayerKind kind, std::vector<std::vector<float>> arrays,
                const std::string& weight) {
  OnnxTensor in = reader.tensor(node, 0);
  int layer = reader.add(node, kind, {in.layer}, std::move(arrays), weight);
  reader.define(node, layer, dims_of(reader, reader.shape(layer), in.dims.size()));
}

void must_have_pixels(const OnnxNode& node, const OnnxTensor& tensor) {
  if (tensor.dims.size() != 4) node.refuse("is supported only for batch × channels × height × width");
}

std::vector<float> numbers_of(OnnxReader& reader, const OnnxNode& node, int input, const Dims& dims) {
  OnnxConstant constant = reader.constant(node, input);
  if (constant.dims != dims || !constant.integers.empty())
    node.refuse(
        fmt::format("input {} must have the shape {}, but has {}", input, shape_text(dims), shape_text(constant.dims)));
  return std::move(constant.numbers);
}

nn::Padding padding_of(const OnnxNode& node, const Dims& pads) {
  constexpr std::int64_t kMost = 1 << 20;
  if (pads.size() != 4) node.refuse("pads must be four numbers");
  for (std::int64_t pad : pads) {
    if (pad < 0 || pad > kMost) node.refuse("a pad is negative or too large");
  }
  auto at = [&](int i) { return static_cast<int>(pads[i]); };
  return {at(0), at(1), at(2), at(3)};
}

int small_number(const OnnxNode& node, const char* what, std::int64_t number) {
  if (number < 1 || number > (1 << 20)) node.refuse(fmt::format("{} must be from 1 to 1048576, not {}", what, number));
  return static_cast<int>(number);
}

namespace {

// Before a number a channel is made of one number in the file.
void must_be_of_use(const OnnxNode& node, int channels) {
  constexpr int kMostChannels = 1 << 20;
  if (channels > kMostChannels) node.refuse(fmt::format("has {} channels, which is too many", channels));
}

// A number a channel out of a constant that ONNX would stretch over the tensor (its axes count from the last); nothing
// if it differs within a channel.
std::optional<std::vector<float>> per_channel(const OnnxConstant& constant, const Dims& tensor, std::size_t axis = 1) {
  std::size_t channels = tensor.size() > axis ? static_cast<std::size_t>(tensor[axis]) : 1;
  if (constant.dims.size() > tensor.size() || constant.numbers.empty()) return std::nullopt;
  if (constant.numbers.size() == 1) return std::vector<float>(channels, constant.numbers[0]);
  std::size_t missing = tensor.size() - constant.dims.size();
  for (std::size_t i = 0; i < constant.dims.size(); ++i) {
    if (i + missing != axis && constant.dims[i] != 1) return std::nullopt;
  }
  if (constant.numbers.size() != channels) return std::nullopt;
  return constant.numbers;
}

std::vector<float> channel_constant(OnnxReader& reader, const OnnxNode& node, int input, const OnnxTensor& other) {
  must_be_of_use(node, reader.shape(other.layer).channels);
  std::optional<std::vector<float>> values =
      per_channel(reader.constant(node, input), other.dims, static_cast<std::size_t>(channel_axis(other)));
  if (!values || std::ssize(*values) != reader.shape(other.layer).channels)
    node.refuse(fmt::format("input {} must be one number, or one per channel", input));
  return std::move(*values);
}

void read_global_average(OnnxReader& reader, OnnxNode& node) {
  must_have_pixels(node, reader.tensor(node, 0));
  add_of_one(reader, node, nn::layer::GlobalAveragePool{});
}

void read_global_max(OnnxReader& reader, OnnxNode& node) {
  const OnnxTensor& in = reader.tensor(node, 0);
  must_have_pixels(node, in);
  nn::Shape shape = reader.shape(in.layer);
  if (shape.height != shape.width) node.refuse("is supported for square maps only");
  add_of_one(reader, node, nn::layer::MaxPool{shape.height, 1, {}});
}

void read_reduce_mean(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  auto rank = static_cast<std::int64_t>(in.dims.size());
  if (rank != 3) must_have_pixels(node, in);
  Dims axes = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("axes", {});
  for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  std::sort(axes.begin(), axes.end());
  node.ignore("noop_with_empty_axes");
  Dims pixels = rank == 3 ? Dims{2} : in.channels_last ? Dims{1, 2} : Dims{2, 3};
  if (axes != pixels) node.refuse("only the mean over height and width, or over both as one axis, is supported");
  int layer = reader.add(node, nn::layer::GlobalAveragePool{}, {in.layer});
  std::int64_t channels = reader.shape(layer).channels;
  if (node.integer("keepdims", 1) == 0) return reader.define(node, layer, {in.dims[0], channels});
  Dims dims = in.dims;
  for (std::int64_t axis : pixels) dims[static_cast<std::size_t>(axis)] = 1;
  reader.define(node, {layer, std::move(dims), in.channels_last});
}

// [rows, columns] turned over.
std::vector<float> transposed(const std::vector<float>& matrix, std::size_t rows, std::size_t columns) {
  std::vector<float> turned(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) turned[c * rows + r] = matrix[r * columns + c];
  }
  return turned;
}

// Outputs × inputs, from a constant of that shape or the other way round.
struct Matrix {
  int outputs;
  std::vector<float> values;
};

Matrix matrix_of(OnnxReader& reader, const OnnxNode& node, bool outputs_first) {
  const OnnxTensor& in = reader.tensor(node, 0);
  if (in.dims.size() != 2) node.refuse("is supported only for batch × values");
  OnnxConstant weight = reader.constant(node, 1);
  if (weight.dims.size() != 2 || weight.numbers.empty()) node.refuse("weights must have two axes");
  std::int64_t inputs = weight.dims[outputs_first ? 1 : 0], outputs = weight.dims[outputs_first ? 0 : 1];
  if (inputs != in.dims[1])
    node.refuse(fmt::format("the weights are for {} inputs, but there are {}", inputs, in.dims[1]));
  Matrix matrix{small_number(node, "outputs", outputs), std::move(weight.numbers)};
  if (!outputs_first)
    matrix.values = transposed(matrix.values, static_cast<std::size_t>(inputs), static_cast<std::size_t>(outputs));
  return matrix;
}

void scale_all(std::vector<float>& values, double factor) {
  if (factor == 1) return;
  for (float& value : values) value = static_cast<float>(value * factor);
}

void read_gemm(OnnxReader& reader, OnnxNode& node) {
  if (node.integer("transA", 0) != 0) node.refuse("transA is not supported");
  Matrix matrix = matrix_of(reader, node, node.integer("transB", 0) != 0);
  scale_all(matrix.values, node.number("alpha", 1));
  double beta = node.number("beta", 1);
  std::vector<std::vector<float>> arrays{std::move(matrix.values)};
  bool bias = node.has_input(2);
  if (bias) {
    std::optional<std::vector<float>> values = per_channel(reader.constant(node, 2), {reader.batch(), matrix.outputs});
    if (!values) node.refuse("input 2 must be one number, or one per output");
    scale_all(*values, beta);
    arrays.push_back(std::move(*values));
  }
  nn::layer::FullyConnected full{matrix.outputs, bias, nn::Initial::he_normal};
  add_of_one(reader, node, full, std::move(arrays), node.input(1));
}

// Over the channels of each pixel where they are the last axis: a convolution of 1 × 1.
void read_mat_mul_of_pixels(OnnxReader& reader, OnnxNode& node, OnnxTensor in) {
  OnnxConstant weight = reader.constant(node, 1);
  if (weight.dims.size() != 2 || weight.numbers.empty() || weight.dims[0] != in.dims[3])
    node.refuse("weights must be channels × outputs");
  int channels = small_number(node, "outputs", weight.dims[1]);
  std::vector<float> turned =
      transposed(weight.numbers, static_cast<std::size_t>(weight.dims[0]), static_cast<std::size_t>(weight.dims[1]));
  nn::layer::Convolution c{channels, 1, 1, 1, {}, 1, false, nn::Initial::he_normal};
  in.layer = reader.add(node, c, {in.layer}, {std::move(turned)}, node.input(1));
  in.dims[3] = channels;
  reader.define(node, std::move(in));
}

void read_mat_mul(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  if (in.channels_last) return read_mat_mul_of_pixels(reader, node, std::move(in));
  Matrix matrix = matrix_of(reader, node, /*outputs_first=*/false);
  nn::layer::FullyConnected full{matrix.outputs, false, nn::Initial::he_normal};
  add_of_one(reader, node, full, {std::move(matrix.values)}, node.input(1));
}

void read_batch_norm(OnnxReader& reader, OnnxNode& node) {
  const OnnxTensor& in = reader.tensor(node, 0);
  if (in.dims.size() < 2) node.refuse("needs channels");
  if (node.integer("training_mode", 0) != 0) node.refuse("normalises by the batch: export the network for inference");
  node.ignore("spatial");
  double epsilon = node.number("epsilon", 1e-5), momentum = node.number("momentum", 0.9);
  std::vector<std::vector<float>> arrays;
  for (int i = 1; i <= 4; ++i) arrays.push_back(numbers_of(reader, node, i, {in.dims[1]}));
  add_of_one(reader, node, nn::layer::BatchNorm{epsilon, momentum}, std::move(arrays), node.input(1));
}

void read_prelu(OnnxReader& reader, OnnxNode& node) {
  std::vector<float> slopes = channel_constant(reader, node, 1, reader.seen(node, 0));
  add_alike(reader, node, nn::layer::PRelu{}, {std::move(slopes)}, node.input(1));
}

void read_leaky_relu(OnnxReader& reader, OnnxNode& node) {
  auto slope = static_cast<float>(node.number("alpha", 0.01));
  int channels = reader.shape(reader.seen(node, 0).layer).channels;
  must_be_of_use(node, channels);
  add_alike(reader, node, nn::layer::PRelu{}, {std::vector<float>(static_cast<std::size_t>(channels), slope)});
}

void read_softmax(OnnxReader& reader, OnnxNode& node) {
  const OnnxTensor& in = reader.seen(node, 0);
  constexpr std::int64_t kOneAxis = 13;  // before, all axes from this one on are one
  std::int64_t axis = node.integer("axis", reader.version() >= kOneAxis ? -1 : 1);
  if (axis < 0) axis += static_cast<std::int64_t>(in.dims.size());
  const nn::Shape& shape = reader.shape(in.layer);
  bool one_pixel = shape.height == 1 && shape.width == 1;
  if (axis != channel_axis(in) || (reader.version() < kOneAxis && !one_pixel))
    node.refuse("only softmax over channels is supported");
  add_alike(reader, node, nn::layer::Softmax{});
}

template <class Kind>
void read_plain(OnnxReader& reader, OnnxNode& node) {
  add_alike(reader, node, Kind{});
}

void read_combined(OnnxReader& reader, OnnxNode& node, nn::LayerKind kind) {
  OnnxTensor a = reader.seen(node, 0), b = reader.seen(node, 1);
  if (!a.channels_last || !b.channels_last) {
    a = reader.tensor(node, 0);
    b = reader.tensor(node, 1);
  }
  if (a.dims.size() != b.dims.size()) node.refuse("the inputs have different numbers of axes");
  int layer = reader.add(node, kind, {a.layer, b.layer});
  bool of_a = reader.shape(layer) == reader.shape(a.layer);
  reader.define(node, {layer, of_a ? a.dims : b.dims, a.channels_last});
}

// Of two or more.
void read_sum(OnnxReader& reader, OnnxNode& node) {
  std::vector<int> layers;
  for (int i = 0; i < node.inputs(); ++i) layers.push_back(reader.tensor(node, i).layer);
  OnnxTensor first = reader.tensor(node, 0);
  first.layer = layers.size() == 1 ? layers[0] : reader.add(node, nn::layer::Add{}, layers);
  reader.define(node, std::move(first));
}

// What a constant does to each channel: y = weight · x + bias.
struct Line {
  float weight, bias;
};

Line line_of(const OnnxNode& node, float constant, bool constant_first) {
  if (node.kind() == "Add") return {1, constant};
  if (node.kind() == "Mul") return {constant, 0};
  if (node.kind() == "Sub") return constant_first ? Line{-1, constant} : Line{1, -constant};
  if (constant_first) node.refuse("a constant divided by a layer is not supported");
  return {1 / constant, 0};
}

// Add, Sub, Mul, Div.
void read_arithmetic(OnnxReader& reader, OnnxNode& node) {
  bool first = reader.is_constant(node.input(0)), second = reader.is_constant(node.input(1));
  if (continues_erf(reader, node)) return;
  if (!first && !second) {
    const std::string& kind = node.kind();
    if (kind == "Add") return read_combined(reader, node, nn::layer::Add{});
    if (kind == "Sub") return read_combined(reader, node, nn::layer::Subtract{});
    if (kind == "Mul") return read_combined(reader, node, nn::layer::Multiply{});
    return read_combined(reader, node, nn::layer::Divide{});
  }
  OnnxTensor in = reader.seen(node, first ? 1 : 0);
  std::vector<float> weight = channel_constant(reader, node, first ? 0 : 1, in), bias(weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i) {
    Line line = line_of(node, weight[i], first);
    weight[i] = line.weight;
    bias[i] = line.bias;
  }
  in.layer = reader.add(node, nn::layer::Scale{}, {in.layer}, {std::move(weight), std::move(bias)});
  reader.define(node, std::move(in));
}

void read_identity(OnnxReader& reader, OnnxNode& node) { reader.define_same(node, node.input(0)); }

void read_dropout(OnnxReader& reader, OnnxNode& node) {
  for (const char* name : {"ratio", "seed", "is_test"}) node.ignore(name);
  reader.define_same(node, node.input(0));
}

void read_constant_node(OnnxReader& reader, OnnxNode& node) {
  if (const onnx::Attribute* value = node.attribute("value"); value != nullptr && value->has_t())
    return reader.define_constant(node, value->t());
  if (const onnx::Attribute* value = node.attribute("value_int"))
    return reader.define_constant(node, {{}, {}, {value->i()}});
  if (const onnx::Attribute* value = node.attribute("value_float"))
    return reader.define_constant(node, {{}, {value->f()}, {}});
  if (const onnx::Attribute* value = node.attribute("value_ints"))
    return reader.define_constant(node, {{value->ints_size()}, {}, {value->ints().begin(), value->ints().end()}});
  if (const onnx::Attribute* value = node.attribute("value_floats"))
    return reader.define_constant(node, {{value->floats_size()}, {value->floats().begin(), value->floats().end()}, {}});
  node.refuse("only numbers are supported as value");
}

// To floating-point numbers of another kind: ours are floats.
void read_cast(OnnxReader& reader, OnnxNode& node) {
  constexpr std::int64_t kFloat = 1, kHalf = 10, kDouble = 11, kBfloat16 = 16;
  std::int64_t to = node.integer("to", 0);
  node.ignore("saturate");
  if (to != kFloat && to != kHalf && to != kDouble && to != kBfloat16)
    node.refuse("a layer's values can be cast only to a floating-point type");
  reader.define_same(node, node.input(0));
}

using Read = void (*)(OnnxReader&, OnnxNode&);

const std::map<std::string, Read>& operators() {
  static const std::map<std::string, Read> all{
      {"Add", read_arithmetic},
      {"AveragePool", read_average_pool},
      {"BatchNormalization", read_batch_norm},
      {"Cast", read_cast},
      {"Clip", read_clip},
      {"Concat", read_concat},
      {"Constant", read_constant_node},
      {"Conv", read_conv},
      {"Div", read_arithmetic},
      {"Dropout", read_dropout},
      {"Erf", read_erf},
      {"Flatten", read_flatten},
      {"Gather", read_gather},
      {"Gelu", read_gelu},
      {"Gemm", read_gemm},
      {"GlobalAveragePool", read_global_average},
      {"GlobalMaxPool", read_global_max},
      {"HardSigmoid", read_hard_sigmoid},
      {"HardSwish", read_plain<nn::layer::HardSwish>},
      {"Identity", read_identity},
      {"LayerNormalization", read_layer_norm},
      {"LeakyRelu", read_leaky_relu},
      {"MatMul", read_mat_mul},
      {"Max", read_minimum},
      {"MaxPool", read_max_pool},
      {"Min", read_minimum},
      {"Mul", read_arithmetic},
      {"PRelu", read_prelu},
      {"Pad", read_pad},
      {"ReduceMean", read_reduce_mean},
      {"Relu", read_plain<nn::layer::Relu>},
      {"Reshape", read_reshape},
      {"Resize", read_resize},
      {"Sigmoid", read_plain<nn::layer::Sigmoid>},
      {"Slice", read_slice},
      {"Softmax", read_softmax},
      {"Split", read_split},
      {"Squeeze", read_squeeze},
      {"Sub", read_arithmetic},
      {"Sum", read_sum},
      {"Swish", read_swish},
      {"Tanh", read_plain<nn::layer::Tanh>},
      {"Transpose", read_transpose},
      {"Unsqueeze", read_squeeze},
      {"Upsample", read_upsample},
  };
  return all;
}

}  // namespace
}  // namespace onnx_operators

void read_node(OnnxReader& reader, OnnxNode& node) {
  if (fold_constants(reader, node)) return;
  auto found = onnx_operators::operators().find(node.kind());
  if (found == onnx_operators::operators().end()) node.refuse("is an operator that agewise does not support");
  found->second(reader, node);
}

}  // namespace agewise::weights
