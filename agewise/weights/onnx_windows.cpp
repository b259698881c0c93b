// Convolutions and pools.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "agewise/weights/onnx_operators.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights::onnx_operators {
namespace {

struct Windows {
  int kernel_height, kernel_width, stride;
  nn::Padding pad;
};

// Pads so that the output has as many windows as strides fit into the input; an odd pixel goes to the end or the front.
void pad_to_same(const std::string& rule, const nn::Shape& in, Windows& w) {
  auto both = [&](int size, int kernel, int& before, int& after) {
    int out = (size + w.stride - 1) / w.stride, all = std::max(0, (out - 1) * w.stride + kernel - size);
    before = rule == "SAME_UPPER" ? all / 2 : all - all / 2;
    after = all - before;
  };
  both(in.height, w.kernel_height, w.pad.top, w.pad.bottom);
  both(in.width, w.kernel_width, w.pad.left, w.pad.right);
}

Windows windows_of(OnnxNode& node, const Dims& kernel, const nn::Shape& in) {
  if (kernel.size() != 2) node.refuse("is supported in two dimensions only: the kernel must have two axes");
  Dims strides = node.integers("strides", {1, 1});
  if (strides.size() != 2 || strides[0] != strides[1]) node.refuse("strides must be two equal numbers");
  Dims dilations = node.integers("dilations", {1, 1});
  if (dilations != Dims{1, 1}) node.refuse("dilations other than 1 are not supported");
  Windows w{small_number(node, "kernel", kernel[0]), small_number(node, "kernel", kernel[1]),
            small_number(node, "stride", strides[0]), padding_of(node, node.integers("pads", {0, 0, 0, 0}))};
  std::string rule = node.word("auto_pad", "NOTSET");
  if (rule == "SAME_UPPER" || rule == "SAME_LOWER") {
    pad_to_same(rule, in, w);
  } else if (rule != "NOTSET" && rule != "VALID") {
    node.refuse("unknown value of auto_pad: " + name_text(rule));
  }
  return w;
}

// Windows that begin inside the input but reach over its end are kept: as much padding more there.
int kept_by_ceil(int size, int before, int after, int kernel, int stride) {
  int out = (size + before + after - kernel + stride - 1) / stride + 1;
  if ((out - 1) * stride >= size + before) --out;
  return std::max(0, (out - 1) * stride + kernel - (size + before + after));
}

template <class Pool>
void read_pool(OnnxReader& reader, OnnxNode& node) {
  const OnnxTensor& in = reader.tensor(node, 0);
  must_have_pixels(node, in);
  const nn::Shape& shape = reader.shape(in.layer);
  Windows w = windows_of(node, node.integers("kernel_shape", {}), shape);
  if (w.kernel_height != w.kernel_width) node.refuse("only square kernels are supported");
  node.ignore("storage_order");  // of a second output, which is not read
  bool padded = w.pad != nn::Padding{};
  bool counts_padding = node.integer("count_include_pad", 0) != 0 && padded, ceil = node.integer("ceil_mode", 0) != 0;
  if (counts_padding && ceil) node.refuse("ceil_mode with a mean that counts the padding is not supported");
  if (counts_padding) {
    int zeros = reader.add(node, nn::layer::Pad{0, w.pad.bottom, w.pad.right, w.pad.top, w.pad.left}, {in.layer});
    int layer = reader.add(node, Pool{w.kernel_height, w.stride, {}}, {zeros});
    return reader.define(node, layer, dims_of(reader, reader.shape(layer), 4));
  }
  if (ceil) {
    w.pad.bottom += kept_by_ceil(shape.height, w.pad.top, w.pad.bottom, w.kernel_height, w.stride);
    w.pad.right += kept_by_ceil(shape.width, w.pad.left, w.pad.right, w.kernel_width, w.stride);
  }
  add_of_one(reader, node, Pool{w.kernel_height, w.stride, w.pad});
}

}  // namespace

void read_conv(OnnxReader& reader, OnnxNode& node) {
  const OnnxTensor& in = reader.tensor(node, 0);
  must_have_pixels(node, in);
  OnnxConstant weight = reader.constant(node, 1);
  if (weight.dims.size() != 4 || weight.numbers.empty()) node.refuse("weights must have four axes");
  Dims kernel{weight.dims[2], weight.dims[3]};
  if (node.integers("kernel_shape", kernel) != kernel)
    node.refuse("kernel_shape differs from the shape of the weights");
  Windows w = windows_of(node, kernel, reader.shape(in.layer));
  int groups = small_number(node, "group", node.integer("group", 1));
  int channels = small_number(node, "output channels", weight.dims[0]);
  if (weight.dims[1] * groups != in.dims[1])
    node.refuse(fmt::format("the weights are for {} channels in each of {} groups, but the input has {}",
                            weight.dims[1], groups, in.dims[1]));
  bool bias = node.has_input(2);
  std::vector<std::vector<float>> arrays{std::move(weight.numbers)};
  if (bias) arrays.push_back(numbers_of(reader, node, 2, {weight.dims[0]}));
  nn::layer::Convolution c{channels, w.kernel_height, w.kernel_width, w.stride,
                           w.pad,    groups,          bias,           nn::Initial::he_normal};
  add_of_one(reader, node, c, std::move(arrays), node.input(1));
}

void read_max_pool(OnnxReader& reader, OnnxNode& node) { read_pool<nn::layer::MaxPool>(reader, node); }

void read_average_pool(OnnxReader& reader, OnnxNode& node) { read_pool<nn::layer::AveragePool>(reader, node); }

}  // namespace agewise::weights::onnx_operators
