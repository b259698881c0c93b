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
  if (node.word("mode", "nearest") != "nearest") node.refuse("only mode nearest is read");
  if (height != width || height != std::floor(height) || !(height >= 1 && height <= 64))
    node.refuse("height and width must grow by the same whole factor");
  add_of_one(reader, node, nn::layer::Upsample{static_cast<int>(height)});
}

void reshape_to(OnnxReader& reader, OnnxNode& node, const Dims& dims) {
  OnnxTensor in = reader.tensor(node, 0);
  std::optional<nn::Shape> shape = shape_of_dims(dims);
  if (!shape || dims[0] != reader.batch())
    node.refuse("moves numbers from picture to picture, or has more than 4 axes");
  bool same = *shape == reader.shape(in.layer);
  reader.define(node, same ? in.layer : reader.add(node, nn::layer::Reshape{*shape}, {in.layer}), dims);
}

}  // namespace

void read_concat(OnnxReader& reader, OnnxNode& node) {
  std::vector<int> layers;
  std::size_t rank = reader.tensor(node, 0).dims.size();
  for (int i = 0; i < node.inputs(); ++i) {
    const OnnxTensor& in = reader.tensor(node, i);
    if (in.dims.size() != rank) node.refuse("the inputs have not as many axes");
    layers.push_back(in.layer);
  }
  std::int64_t axis = node.integer("axis", 1);
  if (axis != 1 && axis != 1 - static_cast<std::int64_t>(rank)) node.refuse("only along channels is it read");
  int layer = reader.add(node, nn::layer::Concat{}, std::move(layers));
  reader.define(node, layer, dims_of(reader, reader.shape(layer), rank));
}

void read_pad(OnnxReader& reader, OnnxNode& node) {
  must_have_pixels(node, reader.tensor(node, 0));
  if (node.word("mode", "constant") != "constant") node.refuse("only padding with zeros is read");
  Dims pads = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("pads", {});
  double value = node.number("value", 0);
  if (node.has_input(2)) {
    OnnxConstant given = reader.constant(node, 2);
    value = given.numbers.size() == 1 ? given.numbers[0] : 1;
  }
  if (value != 0 || node.has_input(3)) node.refuse("only padding with zeros on all axes is read");
  if (pads.size() != 8) node.refuse("pads must be eight numbers");
  if (pads[0] != 0 || pads[4] != 0 || pads[1] != 0) node.refuse("only pixels, and channels at the end, are padded");
  nn::Padding pixels = padding_of(node, {pads[2], pads[3], pads[6], pads[7]});
  nn::Padding channels = padding_of(node, {pads[5], 0, 0, 0});
  add_of_one(reader, node, nn::layer::Pad{channels.top, pixels.bottom, pixels.right, pixels.top, pixels.left});
}

void read_resize(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.tensor(node, 0);
  must_have_pixels(node, in);
  std::string places = node.word("coordinate_transformation_mode", "half_pixel");
  std::string nearest = node.word("nearest_mode", "round_prefer_floor");
  bool floors = places == "asymmetric" && nearest == "floor";
  bool rounds = (places == "half_pixel" || places == "pytorch_half_pixel") && nearest.starts_with("round_prefer_");
  if (!floors && !rounds) node.refuse(fmt::format("{} with {} is not read", name_text(places), name_text(nearest)));
  for (const char* name : {"cubic_coeff_a", "exclude_outside", "extrapolation_value", "antialias"}) node.ignore(name);
  OnnxConstant scales = reader.constant(node, node.has_input(3) ? 3 : node.inputs() == 2 ? 1 : 2);
  std::vector<double> factors(scales.numbers.begin(), scales.numbers.end());
  if (node.has_input(3) && scales.integers.size() == 4) {
    for (std::size_t i = 0; i < 4; ++i)
      factors.push_back(static_cast<double>(scales.integers[i]) / static_cast<double>(in.dims[i]));
  }
  if (factors.size() != 4 || factors[0] != 1 || factors[1] != 1) node.refuse("only height and width may grow");
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
  if (factors.size() != 4 || factors[0] != 1 || factors[1] != 1) node.refuse("only height and width may grow");
  add_upsample(reader, node, factors[2], factors[3]);
}

void read_flatten(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.tensor(node, 0);
  std::int64_t axis = node.integer("axis", 1);
  if (axis != 1 && axis != 1 - static_cast<std::int64_t>(in.dims.size())) node.refuse("only axis 1 is read");
  reshape_to(reader, node, {in.dims[0], reader.shape(in.layer).size()});
}

void read_reshape(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.tensor(node, 0);
  if (node.integer("allowzero", 0) != 0) node.refuse("allowzero is not read");
  Dims wanted = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("shape", {});
  std::int64_t all = reader.batch() * reader.shape(in.layer).size(), known = 1;
  int open = -1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && i < in.dims.size()) wanted[i] = in.dims[i];
    if (wanted[i] == -1 && open < 0) {
      open = static_cast<int>(i);
    } else if (wanted[i] < 1 || __builtin_mul_overflow(known, wanted[i], &known)) {
      node.refuse("a shape that cannot be");
    }
  }
  if (open >= 0) wanted[open] = all / known;
  reshape_to(reader, node, wanted);
}

// Squeeze and Unsqueeze: axes of length 1 go or come.
void read_squeeze(OnnxReader& reader, OnnxNode& node) {
  Dims dims = reader.tensor(node, 0).dims;
  bool comes = node.kind() == "Unsqueeze";
  Dims axes = node.has_input(1) ? reader.whole_constant(node, 1) : node.integers("axes", {});
  if (axes.empty() || axes.size() > 4) node.refuse("1 to 4 axes must be given");
  auto rank = static_cast<std::int64_t>(dims.size() + (comes ? axes.size() : 0));
  for (std::int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  std::sort(axes.begin(), axes.end());
  if (!comes) std::reverse(axes.begin(), axes.end());
  for (std::int64_t axis : axes) {
    if (axis < 1 || axis >= rank || (!comes && dims[axis] != 1)) node.refuse("axes do not fit");
    comes ? dims.insert(dims.begin() + std::min<std::ptrdiff_t>(axis, std::ssize(dims)), 1)
          : dims.erase(dims.begin() + axis);
  }
  reshape_to(reader, node, dims);
}

void read_transpose(OnnxReader& reader, OnnxNode& node) {
  OnnxTensor in = reader.tensor(node, 0);
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
