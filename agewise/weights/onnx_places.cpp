// Layers that say where numbers stand.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/weights/onnx_operators.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights::onnx_operators {
namespace {

// Of pixels by whole factors; every rule that then takes the nearest one takes the same.
void add_upsample(OnnxReader& reader, OnnxNode& node, double height, double width) {
  if (node.word("mode", "nearest") != "nearest") node.refuse("only mode nearest is supported");
  if (height != width || height != std::floor(height) || !(height >= 1 && height <= 64))
    node.refuse("height and width must grow by the same whole factor");
  add_of_one(reader, node, nn::layer::Upsample{static_cast<int>(height)});
}

// The layer whose numbers lie in the tensor's order, whatever its dims.
int layer_in_order(OnnxReader& reader, const OnnxNode& node, int input) {
  const OnnxTensor& in = reader.seen(node, input);
  const nn::Shape& shape = reader.shape(in.layer);
  bool one_order = !in.channels_last || shape.channels == 1 || std::int64_t{shape.height} * shape.width == 1;
  return one_order ? in.layer : reader.tensor(node, input).layer;
}

void reshape_to(OnnxReader& reader, OnnxNode& node, const Dims& dims) {
  OnnxTensor in{layer_in_order(reader, node, 0), {}};
  constexpr std::size_t kMostAxes = 6;
  bool list = dims.size() == 1 && reader.batch() == 1;  // of one picture, for read_gather()
  if (list) return reader.define(node, {in.layer, dims});
  if (dims.empty() || dims[0] != reader.batch()) node.refuse("moves values between the pictures of a batch");
  if (dims.size() > 4 && dims.size() <= kMostAxes) return reader.define(node, {in.layer, dims});
  std::optional<nn::Shape> shape = shape_of_dims(dims);
  if (!shape) node.refuse("this shape is not supported");
  bool same = *shape == reader.shape(in.layer);
  reader.define(node, same ? in.layer : reader.add(node, nn::layer::Reshape{*shape}, {in.layer}), dims);
}

// A pad given for some axes only, as one of all four: first what comes before each, then what comes after.
Dims of_all_axes(OnnxReader& reader, const OnnxNode& node, Dims pads) {
  Dims axes{0, 1, 2, 3}, all(8, 0);
  if (node.has_input(3)) axes = reader.whole_constant(node, 3);
  if (pads.size() != 2 * axes.size()) node.refuse("pads must be two numbers per axis");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    std::int64_t axis = axes[i] < 0 ? axes[i] + 4 : axes[i];
    if (axis < 0 || axis > 3) node.refuse("pads an axis that does not exist");
    all[static_cast<std::size_t>(axis)] = pads[i];
    all[static_cast<std::size_t>(axis) + 4] = pads[i + axes.size()];
  }
  return all;
}

void must_be_channels(const OnnxNode& node, const OnnxTensor& in, std::int64_t axis) {
  auto rank = static_cast<std::int64_t>(in.dims.size());
  if (rank > 4 || channel_axis(in) >= rank || (axis < 0 ? axis + rank : axis) != channel_axis(in))
    node.refuse("is supported along channels only");
}

// `count` channels from `first` on, as the node's output of that number.
OnnxTensor sliced(OnnxReader& reader, const OnnxNode& node, OnnxTensor in, std::int64_t first, std::int64_t count,
                  int output) {
  std::int64_t channels = reader.shape(in.layer).channels;
  if (first < 0 || count < 1 || first > channels - count) node.refuse("selects channels that do not exist");
  if (count == channels) return in;
  nn::layer::Slice slice{static_cast<int>(first), static_cast<int>(count)};
  in.layer = reader.add(node, slice, {in.layer}, {}, "", output);
  in.dims[static_cast<std::size_t>(channel_axis(in))] = count;
  return in;
}

}  // namespace

void read_concat(OnnxReader& reader, OnnxNode& node) {
  bool all_last = true;
  for (int i = 0; i < node.inputs(); ++i) all_last = all_last && reader.seen(node, i).channels_last;
  std::vector<int> layers;
  OnnxTensor out = all_last ? reader.seen(node, 0) : reader.tensor(node, 0);
  for (int i = 0; i < node.inputs(); ++i) {
    const OnnxTensor& in = all_last ? reader.seen(node, i) : reader.tensor(node, i);
    if (in.dims.size() != out.dims.size()) node.refuse("the inputs have different numbers of axes");
    layers.push_back(in.layer);
  }
  must_be_channels(node, out, node.integer("axis", 1));
  out.layer = reader.add(node, nn::layer::Concat{}, std::move(layers));
  out.dims[static_cast<std::size_t>(channel_axis(out))] = reader.shape(out.layer).channels;
  reader.define(node, std::move(out));
}

void read_split(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  std::int64_t axis = node.integer("axis", 0);
  must_be_channels(node, in, axis);
  Dims parts = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("split", {});
  std::int64_t count = node.integer("num_outputs", node.outputs()), channels = reader.shape(in.layer).channels;
  if (count != node.outputs() || count > channels) node.refuse("has a different number of outputs and parts");
  if (parts.empty()) {  // even ones, the last what is left
    std::int64_t each = (channels + count - 1) / count;
    parts.assign(static_cast<std::size_t>(count), each);
    parts.back() = channels - (count - 1) * each;
  }
  if (std::ssize(parts) != count) node.refuse("has a different number of outputs and parts");
  std::int64_t first = 0;
  for (int i = 0; i < node.outputs(); ++i) {
    OnnxTensor part = sliced(reader, node, in, first, parts[static_cast<std::size_t>(i)], i);
    first += parts[static_cast<std::size_t>(i)];
    reader.define(node, std::move(part), i);
  }
  if (first != channels)
    node.refuse(fmt::format("the parts have {} channels in total, but the input has {}", first, channels));
}

void read_slice(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  auto list = [&](int input, const char* name) {
    return node.has_input(input) ? reader.whole_constant(node, input) : node.integers(name, {});
  };
  Dims starts = list(1, "starts"), ends = list(2, "ends"), axes = list(3, "axes"), steps = list(4, "steps");
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (starts.size() != ends.size() || axes.size() != ends.size() || steps.size() != ends.size())
    node.refuse("starts, ends, axes and steps differ in length");
  auto rank = static_cast<std::int64_t>(in.dims.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    std::int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank || steps[i] != 1)
      node.refuse("is supported only with step 1, along axes of its input");
    std::int64_t length = in.dims[static_cast<std::size_t>(axis)];
    auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + length : at, 0, length); };
    std::int64_t first = place(starts[i]), count = place(ends[i]) - first;
    if (count == length) continue;
    must_be_channels(node, in, axis);
    in = sliced(reader, node, in, first, count, 0);
  }
  reader.define(node, std::move(in));
}

void read_pad(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  must_have_pixels(node, in);
  if (node.word("mode", "constant") != "constant") node.refuse("only padding with zeros is supported");
  Dims pads = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("pads", {});
  double value = node.number("value", 0);
  if (node.has_input(2)) {
    OnnxConstant given = reader.constant(node, 2);
    value = given.numbers.size() == 1 ? given.numbers[0] : 1;
  }
  pads = of_all_axes(reader, node, std::move(pads));
  if (in.channels_last) pads = {pads[0], pads[3], pads[1], pads[2], pads[4], pads[7], pads[5], pads[6]};
  if (value != 0) node.refuse("only padding with zeros is supported");
  if (pads[0] != 0 || pads[4] != 0 || pads[1] != 0)
    node.refuse("only height and width can be padded, and channels at the end");
  nn::Padding pixels = padding_of(node, {pads[2], pads[3], pads[6], pads[7]});
  nn::Padding channels = padding_of(node, {pads[5], 0, 0, 0});
  nn::layer::Pad pad{channels.top, pixels.bottom, pixels.right, pixels.top, pixels.left};
  in.layer = reader.add(node, pad, {in.layer});
  const nn::Shape& shape = reader.shape(in.layer);
  in.dims = in.channels_last ? Dims{in.dims[0], shape.height, shape.width, shape.channels} : dims_of(reader, shape, 4);
  reader.define(node, std::move(in));
}

void read_resize(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.tensor(node, 0);
  must_have_pixels(node, in);
  std::string places = node.word("coordinate_transformation_mode", "half_pixel");
  std::string nearest = node.word("nearest_mode", "round_prefer_floor");
  bool floors = places == "asymmetric" && nearest == "floor";
  bool rounds = (places == "half_pixel" || places == "pytorch_half_pixel") && nearest.starts_with("round_prefer_");
  if (!floors && !rounds)
    node.refuse(fmt::format("{} with {} is not supported", name_text(places), name_text(nearest)));
  for (const char* name : {"cubic_coeff_a", "exclude_outside", "extrapolation_value", "antialias"}) node.ignore(name);
  OnnxConstant scales = reader.constant(node, node.has_input(3) ? 3 : node.inputs() == 2 ? 1 : 2);
  std::vector<double> factors(scales.numbers.begin(), scales.numbers.end());
  if (node.has_input(3) && scales.integers.size() == 4) {
    for (std::size_t i = 0; i < 4; ++i)
      factors.push_back(static_cast<double>(scales.integers[i]) / static_cast<double>(in.dims[i]));
  }
  if (factors.size() != 4 || factors[0] != 1 || factors[1] != 1) node.refuse("only height and width can be enlarged");
  add_upsample(reader, node, factors[2], factors[3]);
}

void read_upsample(OnnxReader& reader, OnnxNode& node) {
  must_have_pixels(node, reader.tensor(node, 0));
  std::vector<float> factors;
  if (node.has_input(1)) {
    factors = reader.constant(node, 1).numbers;
  } else if (const onnx::Attribute* scales = node.attribute("scales")) {
    factors.assign(scales->floats().begin(), scales->floats().end());
  }
  if (factors.size() != 4 || factors[0] != 1 || factors[1] != 1) node.refuse("only height and width can be enlarged");
  add_upsample(reader, node, factors[2], factors[3]);
}

void read_flatten(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  std::int64_t axis = node.integer("axis", 1);
  if (axis != 1 && axis != 1 - static_cast<std::int64_t>(in.dims.size())) node.refuse("only axis 1 is supported");
  reshape_to(reader, node, {in.dims[0], reader.shape(in.layer).size()});
}

void read_reshape(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  bool zero_is_zero = node.integer("allowzero", 0) != 0;
  Dims wanted = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("shape", {});
  std::int64_t all = reader.batch() * reader.shape(in.layer).size(), known = 1;
  int open = -1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && i < in.dims.size() && !zero_is_zero) wanted[i] = in.dims[i];
    if (wanted[i] == -1 && open < 0) {
      open = static_cast<int>(i);
    } else if (wanted[i] < 1 || __builtin_mul_overflow(known, wanted[i], &known)) {
      node.refuse("an impossible shape");
    }
  }
  if (open >= 0) wanted[open] = all / known;
  if (open >= 0 ? wanted[open] * known != all : known != all) node.refuse("an impossible shape");
  reshape_to(reader, node, wanted);
}

// All numbers of one picture in their order: so PyTorch writes a tensor that is only seen otherwise.
void read_gather(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  if (in.dims.size() != 1 || node.integer("axis", 0) != 0)
    node.refuse("is supported for a layer only if it merely changes the shape");
  OnnxConstant at = reader.constant(node, 1);
  for (std::int64_t i = 0; i < std::ssize(at.integers); ++i) {
    if (at.integers[static_cast<std::size_t>(i)] != i)
      node.refuse("is supported for a layer only if it merely changes the shape");
  }
  if (std::ssize(at.integers) != in.dims[0])
    node.refuse("is supported for a layer only if it merely changes the shape");
  reshape_to(reader, node, at.dims);
}

// Squeeze and Unsqueeze: axes of length 1 go or come.
void read_squeeze(OnnxReader& reader, OnnxNode& node) {
  Dims dims = reader.seen(node, 0).dims;
  bool comes = node.kind() == "Unsqueeze";
  Dims axes = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("axes", {});
  for (std::size_t i = 1; axes.empty() && !comes && i < dims.size(); ++i) {
    if (dims[i] == 1) axes.push_back(static_cast<std::int64_t>(i));
  }
  if (axes.empty() || axes.size() > 4) node.refuse("1 to 4 axes must be given");
  auto rank = static_cast<std::int64_t>(dims.size() + (comes ? axes.size() : 0));
  for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  std::sort(axes.begin(), axes.end());
  if (!comes) std::reverse(axes.begin(), axes.end());
  for (std::int64_t axis : axes) {
    if (axis < 1 || axis >= rank || (!comes && dims[axis] != 1)) node.refuse("the axes do not match the shape");
    comes ? dims.insert(dims.begin() + std::min<std::ptrdiff_t>(axis, std::ssize(dims)), 1)
          : dims.erase(dims.begin() + axis);
  }
  reshape_to(reader, node, dims);
}

namespace {

// Of five axes: only the mixing of channels that ShuffleNet writes so. False: it is something else.
bool shuffles(OnnxReader& reader, const OnnxNode& node, const OnnxTensor& in, const Dims& order) {
  if (in.dims.size() != 5 || order != Dims{0, 2, 1, 3, 4}) return false;
  nn::Shape shape = reader.shape(in.layer);
  if (in.dims[1] * in.dims[2] != shape.channels || in.dims[3] * in.dims[4] != std::int64_t{shape.height} * shape.width)
    return false;
  int layer = reader.add(node, nn::layer::Shuffle{static_cast<int>(in.dims[1])}, {in.layer});
  reader.define(node, layer, {in.dims[0], in.dims[2], in.dims[1], in.dims[3], in.dims[4]});
  return true;
}

}  // namespace

void read_transpose(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.seen(node, 0);
  Dims given = node.integers("perm", {});
  if (shuffles(reader, node, in, given)) return;
  if (!in.channels_last && in.dims.size() == 4 && given == Dims{0, 2, 3, 1})
    return reader.define(node, {in.layer, {in.dims[0], in.dims[2], in.dims[3], in.dims[1]}, true});
  if (in.channels_last && given == Dims{0, 3, 1, 2})
    return reader.define(node, {in.layer, {in.dims[0], in.dims[3], in.dims[1], in.dims[2]}});
  in = reader.tensor(node, 0);
  Dims order = node.integers("perm", {}), dims, sorted = order, numbers(in.dims.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  std::sort(sorted.begin(), sorted.end());
  if (sorted != numbers || order[0] != 0) node.refuse("perm must keep the batch and name each axis once");
  std::array<int, 3> axes{0, 1, 2};
  for (std::size_t i = 1; i < order.size(); ++i) axes[i - 1] = static_cast<int>(order[i]) - 1;
  for (std::int64_t axis : order) dims.push_back(in.dims[axis]);
  bool same = axes == std::array<int, 3>{0, 1, 2};
  int layer = same ? in.layer : reader.add(node, nn::layer::Transpose{axes}, {in.layer});
  reader.define(node, layer, std::move(dims));
}

}  // namespace agewise::weights::onnx_operators
