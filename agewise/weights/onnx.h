// ONNX files (https://onnx.ai/onnx/intro/concepts.html): networks of layers that agewise knows, read as a graph with
// its parameters, and written.
//
// Read are Conv, Gemm, MatMul by constants, BatchNormalization, LayerNormalization over channels, Relu, LeakyRelu,
// PRelu, Clip, Sigmoid, HardSigmoid, HardSwish, Swish, Gelu (and Erf within one), Tanh, Softmax over channels, MaxPool,
// AveragePool, GlobalAveragePool, GlobalMaxPool, ReduceMean over pixels (two axes, or one that holds both), Add, Sub,
// Mul, Div (of two layers, or of a layer and constants a channel), Sum, Min, Max, Concat, Split and Slice along
// channels, Pad with zeros, Resize and Upsample by whole factors to the nearest pixel, Flatten, Reshape, Squeeze,
// Unsqueeze, Transpose, Dropout, Identity, Cast, Constant; and what computes constants from constants or from shapes
// (onnx_fold.h). Strides and the kernels of pools are square, dilations 1; axis 0 is the batch, and its length in the
// file does not matter. An input of batch × height × width × channels (1 or 3 of them), as TensorFlow has them, becomes
// a layer of channels × height × width.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "agewise/nn/graph.h"

namespace agewise::weights {

// Inputs and outputs as the file names them, in the order of the graph's.
struct OnnxNetwork {
  nn::Graph graph;
  std::vector<float> parameters;  // canonical layout
  std::vector<std::string> inputs, outputs;
  std::string producer;  // what the file says made it
};

struct OnnxOptions {
  std::vector<std::string> outputs;  // only these, and only what they need; empty: all
  int size = 0;                      // height and width of inputs that leave them open
  // Constants that multiply or shift a channel become part of the convolution, fully connected layer or normalisation
  // before them, and convolutions that are added one convolution (MobileOne's and RepVGG's branches). false: constants
  // stay layers of the kind scale, one where several follow each other, and branches as they are.
  bool fold_scales = true;
  std::filesystem::path folder = {};  // where the values of arrays may lie in other files; empty: nowhere
};

// Layers are named as their weights where these are called NAME.weight (PyTorch's way), else as their output. Throws
// Error that names file and node for what is not known, not finite or does not fit. Memory stays in proportion to the
// file.
OnnxNetwork read_onnx(const std::filesystem::path& file, OnnxOptions options = {});        // folder: the file's own
OnnxNetwork parse_onnx(std::span<const std::byte> file, const OnnxOptions& options = {});  // errors without the name

// Whether the file begins as one does.
bool is_onnx(const std::filesystem::path& file);

}  // namespace agewise::weights
