// Functions of one number, and normalisation over channels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "agewise/weights/onnx_operators.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights::onnx_operators {
namespace {

constexpr double kMost = std::numeric_limits<float>::max();
constexpr double kRounding = 1e-6;  // of constants such as √2, which files hold as floats

std::optional<double> one_number(OnnxReader& reader, const OnnxNode& node, int input) {
  OnnxConstant constant = reader.constant(node, input);
  if (constant.numbers.size() != 1) return {};
  return constant.numbers[0];
}

double bound(OnnxReader& reader, OnnxNode& node, int input, const char* name, double fallback) {
  double value = node.number(name, fallback);
  if (node.has_input(input)) {
    std::optional<double> given = one_number(reader, node, input);
    if (!given) node.refuse(fmt::format("{} must be one number", name));
    value = *given;
  }
  return std::clamp(value, -kMost, kMost);
}

void add_clip(OnnxReader& reader, OnnxNode& node, double low, double high) {
  if (low == 0 && high == kMost) return add_alike(reader, node, nn::layer::Relu{});
  add_alike(reader, node, nn::layer::Clip{low, high});
}

// What a layer gives as a multiple of layer x: 1 if it is x.
std::optional<double> multiple_of(const OnnxReader& reader, int layer, int x) {
  if (layer == x) return 1;
  const DraftLayer& scale = reader.layer(layer);
  if (!std::holds_alternative<nn::layer::Scale>(scale.layer.kind) || scale.layer.inputs[0] != x) return {};
  float weight = scale.arrays[0][0];
  bool even = std::all_of(scale.arrays[0].begin(), scale.arrays[0].end(), [&](float w) { return w == weight; }) &&
              std::all_of(scale.arrays[1].begin(), scale.arrays[1].end(), [](float b) { return b == 0; });
  return even ? std::optional<double>(weight) : std::nullopt;
}

[[noreturn]] void refuse_erf(const OnnxNode& node) {
  node.refuse("Erf is supported only within GELU: x/2 · (1 + erf(x/√2))");
}

// factor · y · (1 + erf(x / √2)), y being a multiple of x.
void complete_gelu(OnnxReader& reader, OnnxNode& node, const OnnxErf& erf, OnnxTensor y) {
  std::optional<double> multiple = multiple_of(reader, y.layer, erf.x);
  if (!multiple) refuse_erf(node);
  y.layer = reader.add(node, nn::layer::Gelu{}, {erf.x});
  auto factor = static_cast<float>(2 * erf.factor * *multiple);
  if (factor != 1) {
    auto channels = static_cast<std::size_t>(reader.shape(y.layer).channels);
    y.layer = reader.add(node, nn::layer::Scale{}, {y.layer},
                         {std::vector<float>(channels, factor), std::vector<float>(channels, 0)});
  }
  reader.define(node, std::move(y));
}

}  // namespace

void read_clip(OnnxReader& reader, OnnxNode& node) {
  double low = bound(reader, node, 1, "min", -kMost), high = bound(reader, node, 2, "max", kMost);
  if (low == -kMost && high == kMost) return reader.define_same(node, node.input(0));
  add_clip(reader, node, low, high);
}

void read_minimum(OnnxReader& reader, OnnxNode& node) {
  bool minimum = node.kind() == "Min";
  if (node.inputs() != 2 || !reader.is_constant(node.input(1)))
    node.refuse("is supported only with a constant as its second input");
  double limit = bound(reader, node, 1, "limit", 0);
  minimum ? add_clip(reader, node, -kMost, limit) : add_clip(reader, node, limit, kMost);
}

void read_hard_sigmoid(OnnxReader& reader, OnnxNode& node) {
  double slope = node.number("alpha", 0.2), offset = node.number("beta", 0.5);
  if (!std::isfinite(slope) || !std::isfinite(offset)) node.refuse("alpha and beta must be finite");
  add_alike(reader, node, nn::layer::HardSigmoid{slope, offset});
}

void read_swish(OnnxReader& reader, OnnxNode& node) {
  if (node.number("alpha", 1) != 1) node.refuse("alpha other than 1 is not supported");
  add_alike(reader, node, nn::layer::Silu{});
}

void read_gelu(OnnxReader& reader, OnnxNode& node) {
  std::string how = node.word("approximate", "none");
  if (how != "none" && how != "tanh") node.refuse("unknown value of approximate: " + name_text(how));
  add_alike(reader, node, nn::layer::Gelu{how == "tanh"});
}

void read_erf(OnnxReader& reader, OnnxNode& node) {
  int layer = reader.seen(node, 0).layer;
  const DraftLayer& scale = reader.layer(layer);
  int x = scale.layer.inputs.empty() ? layer : scale.layer.inputs[0];
  std::optional<double> factor = multiple_of(reader, layer, x);
  if (!factor || std::abs(*factor - 1 / std::numbers::sqrt2) > kRounding)
    node.refuse("is supported only within GELU: x/2 · (1 + erf(x/√2))");
  reader.erfs[node.output()] = {x};
}

bool continues_erf(OnnxReader& reader, OnnxNode& node) {
  bool first = reader.erfs.contains(node.input(0));
  if (!first && !reader.erfs.contains(node.input(1))) return false;
  int other = first ? 1 : 0;
  OnnxErf erf = reader.erfs.at(node.input(first ? 0 : 1));
  if (!reader.is_constant(node.input(other))) {
    if (node.kind() != "Mul" || !erf.one_added) refuse_erf(node);
    complete_gelu(reader, node, erf, reader.seen(node, other));
    return true;
  }
  std::optional<double> number = one_number(reader, node, other);
  if (number && node.kind() == "Add" && !erf.one_added && *number == erf.factor) {
    erf.one_added = true;
  } else if (number && node.kind() == "Mul") {
    erf.factor *= *number;
  } else {
    refuse_erf(node);
  }
  reader.erfs[node.output()] = erf;
  return true;
}

void read_layer_norm(OnnxReader& reader, OnnxNode& node) {
  const OnnxTensor& in = reader.seen(node, 0);
  auto rank = static_cast<std::int64_t>(in.dims.size());
  std::int64_t axis = node.integer("axis", -1);
  if (axis < 0) axis += rank;
  bool over_channels = axis == channel_axis(in) && axis == rank - 1;
  if (!over_channels)
    node.refuse("is supported over channels only: of a vector, or of maps whose last axis is the channels");
  node.ignore("stash_type");
  double epsilon = node.number("epsilon", 1e-5);
  std::int64_t channels = in.dims[static_cast<std::size_t>(axis)];
  std::vector<std::vector<float>> arrays{numbers_of(reader, node, 1, {channels})};
  arrays.push_back(node.has_input(2) ? numbers_of(reader, node, 2, {channels})
                                     : std::vector<float>(static_cast<std::size_t>(channels), 0));
  add_alike(reader, node, nn::layer::LayerNorm{epsilon}, std::move(arrays), node.input(1));
}

}  // namespace agewise::weights::onnx_operators
