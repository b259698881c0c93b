// An ONNX file as it is put together: nodes, their attributes, constants, inputs and outputs. Only onnx_writer.cpp
// knows which of them a network needs.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/weights/onnx.pb.h"

namespace agewise::weights {

using Ints = std::vector<std::int64_t>;

struct OnnxVersions {
  std::int64_t file, operators;
};

class OnnxBuilder {
 public:
  explicit OnnxBuilder(OnnxVersions versions);

  // The file's bytes, with `notes` as its metadata_props.
  std::string write(const std::map<std::string, std::string>& notes);

  // A node of one output, which is also its name.
  onnx::Node& node(const char* kind, const std::vector<std::string>& inputs, const std::string& output);

  // Tensors that are part of the file. number() is one of no axes; both that return a name return the constant's.
  void constant(const std::string& name, const Ints& shape, std::span<const float> values);
  std::string number(const std::string& name, double value);
  std::string whole_constant(const std::string& name, const Ints& values);

  // `at` times a constant: a node called `name`, which is returned.
  std::string times(const std::string& at, double factor, const std::string& name);

  // N × `axes` floats each.
  void add_input(const std::string& name, const Ints& axes);
  void add_output(const std::string& name, const Ints& axes);

 private:
  onnx::Graph& graph() { return *model_.mutable_graph(); }

  onnx::Model model_;
};

// Attributes of a node.
void set(onnx::Node& node, const char* name, std::int64_t value);
void set(onnx::Node& node, const char* name, double value);  // a float in the file
void set(onnx::Node& node, const char* name, std::string_view value);
void set(onnx::Node& node, const char* name, const Ints& values);

}  // namespace agewise::weights
