// One node of an ONNX graph, with its attributes each taken once, and constants of the file as numbers.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "agewise/weights/onnx_folder.h"

namespace agewise::weights {

// A tensor whose values are in the file, or follow from such.
struct OnnxConstant {
  std::vector<std::int64_t> dims;
  std::vector<float> numbers;          // of a floating-point type …
  std::vector<std::int64_t> integers;  // … or of a whole-number type
  std::int64_t count() const { return static_cast<std::int64_t>(numbers.size() + integers.size()); }
};

// Sizes are checked before anything is allocated. Throws Error naming the tensor.
OnnxConstant read_constant(const onnx::Tensor& tensor, OnnxFolder& folder);

// What an attribute or a position is asked for remembers it; finish() refuses attributes that nobody asked for: their
// meaning is not known, and a network read without them would be another.
class OnnxNode {
 public:
  explicit OnnxNode(const onnx::Node& node) : node_(node) {}

  const std::string& kind() const { return node_.op_type(); }
  int inputs() const { return node_.input_size(); }
  bool has_input(int i) const { return i < node_.input_size() && !node_.input(i).empty(); }
  const std::string& input(int i) const;  // its name; refuses the node if it is not there
  int outputs() const { return node_.output_size(); }
  const std::string& output(int i = 0) const;  // its name; refuses the node if it is not there

  std::int64_t integer(const char* name, std::int64_t fallback);
  double number(const char* name, double fallback);
  std::string word(const char* name, const char* fallback);
  std::vector<std::int64_t> integers(const char* name, std::vector<std::int64_t> fallback);
  const onnx::Attribute* attribute(const char* name);  // null: not there
  void ignore(const char* name) { asked_.insert(name); }
  void finish() const;

  [[noreturn]] void refuse(const std::string& problem) const;  // throws Error naming the node

 private:
  const onnx::Node& node_;
  std::set<std::string> asked_;
};

}  // namespace agewise::weights
