// An ONNX graph becoming a draft, node by node.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agewise/weights/draft.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/onnx_node.h"

namespace agewise::weights {

// A tensor that a layer gives, as ONNX sees it: `dims` with the batch in front. The layer's Shape holds the rest in the
// same order, filled up with 1.
struct OnnxTensor {
  int layer;
  std::vector<std::int64_t> dims;
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
  const OnnxTensor& tensor(const OnnxNode& node, int input) const;
  OnnxConstant constant(const OnnxNode& node, int input) const;
  std::vector<std::int64_t> whole_constant(const OnnxNode& node, int input) const;
  const nn::Shape& shape(int layer) const { return draft_.layers[layer].layer.shape; }

  // A layer called as the node's output or, if that is NAME.weight, as `weight`.
  int add(const OnnxNode& node, nn::LayerKind kind, std::vector<int> inputs,
          std::vector<std::vector<float>> arrays = {}, const std::string& weight = "");
  void define(const OnnxNode& node, int layer, std::vector<std::int64_t> dims);
  void define_same(const OnnxNode& node, const std::string& input);
  void define_constant(const OnnxNode& node, const onnx::Tensor& tensor);
  // Refuses what a small file would make much memory of.
  void count_numbers(const OnnxNode& node, std::int64_t numbers);

 private:
  void take_initializers();
  void take_inputs();
  void take_outputs(const std::vector<std::string>& wanted);
  std::string free_name(std::string wanted);

  const onnx::Model& model_;
  OnnxOptions options_;
  std::int64_t version_ = 0, batch_ = 0, numbers_left_;
  std::map<std::string, const onnx::Tensor*> constants_;
  std::map<std::string, OnnxTensor> tensors_;
  std::map<std::string, int> names_{{"input", 1}};  // of layers: how many wanted it
  Draft draft_;
};

// Reads one node into the reader's draft. Throws Error naming the node.
void read_node(OnnxReader& reader, OnnxNode& node);

// Batch and Shape of an ONNX tensor of 1 to 4 axes. Nothing if it has others, or lengths beyond all use.
std::optional<nn::Shape> shape_of_dims(const std::vector<std::int64_t>& dims);

}  // namespace agewise::weights
