// An ONNX graph becoming a draft, node by node.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agewise/weights/draft.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/onnx_folder.h"
#include "agewise/weights/onnx_node.h"

namespace agewise::weights {

// A tensor that a layer gives, as ONNX sees it: `dims` with the batch in front. The layer's Shape holds the rest in the
// same order, filled up with 1; but:
// - channels_last: dims are batch, height, width, channels of a layer that has channels, height, width as all have. So
//   TensorFlow's order, or a normalisation over the last axis, costs no transposition where another one undoes it.
// - more than 4 dims: of the same numbers in the same order as the layer's, on their way to another shape.
struct OnnxTensor {
  int layer;
  std::vector<std::int64_t> dims;
  bool channels_last = false;
};

// factor · (1 + erf(x / √2)), or without the 1 before it is added: on its way to a GELU, which is x/2 times that.
struct OnnxErf {
  int x;  // layer
  double factor = 1;
  bool one_added = false;
};

class OnnxReader {
 public:
  OnnxReader(const onnx::Model& model, const OnnxOptions& options, std::int64_t file_bytes);

  Draft read();
  std::vector<std::string> input_names, output_names;

  // For onnx_operators.cpp. Constants are read where they are used.
  std::int64_t version() const { return version_; }  // of the operators
  std::int64_t batch() const { return batch_; }      // as the file says it
  bool is_constant(const std::string& name) const;
  // As it is; and with up to 4 dims in the layer's order, which may take a layer that transposes.
  const OnnxTensor& seen(const OnnxNode& node, int input) const;
  const OnnxTensor& tensor(const OnnxNode& node, int input);
  OnnxConstant constant(const OnnxNode& node, int input);
  std::vector<std::int64_t> whole_constant(const OnnxNode& node, int input);
  const nn::Shape& shape(int layer) const { return draft_.layers[static_cast<std::size_t>(layer)].layer.shape; }
  const DraftLayer& layer(int index) const { return draft_.layers[static_cast<std::size_t>(index)]; }
  std::map<std::string, OnnxErf> erfs;  // by the name of the output

  // A layer called as the node's output or, if that is NAME.weight, as `weight`.
  int add(const OnnxNode& node, nn::LayerKind kind, std::vector<int> inputs,
          std::vector<std::vector<float>> arrays = {}, const std::string& weight = "", int output = 0);
  void define(const OnnxNode& node, OnnxTensor tensor, int output = 0);
  void define(const OnnxNode& node, int layer, std::vector<std::int64_t> dims) {
    define(node, {layer, std::move(dims)});
  }
  void define_same(const OnnxNode& node, const std::string& input);
  void define_constant(const OnnxNode& node, const onnx::Tensor& tensor);
  void define_constant(const OnnxNode& node, OnnxConstant constant, int output = 0);
  // Refuses what a small file would make much memory of.
  void count_numbers(const OnnxNode& node, std::int64_t numbers);

 private:
  // Of the file, or computed from such.
  struct Stored {
    const onnx::Tensor* in_file = nullptr;
    OnnxConstant computed = {};
  };
  void take_initializers();
  void take_inputs();
  // The tensor with its numbers in the layer's order, if need be by a layer that transposes.
  const OnnxTensor& in_order(const std::string& name);
  void must_be_new(const OnnxNode& node, const std::string& output) const;
  void take_outputs(const std::vector<std::string>& wanted);
  std::string free_name(std::string wanted);

  const onnx::Model& model_;
  OnnxOptions options_;
  std::int64_t version_ = 0, batch_ = 0, numbers_left_;
  OnnxFolder folder_;
  std::map<std::string, Stored> constants_;
  std::map<std::string, OnnxTensor> tensors_, transposed_;
  std::map<std::string, int> names_{{"input", 1}};  // of layers: how many wanted it
  Draft draft_;
};

// Reads one node into the reader's draft. Throws Error naming the node.
void read_node(OnnxReader& reader, OnnxNode& node);

// Batch and Shape of an ONNX tensor of 1 to 4 axes. Nothing if it has others, or lengths beyond all use.
std::optional<nn::Shape> shape_of_dims(const std::vector<std::int64_t>& dims);

}  // namespace agewise::weights
