#include "agewise/weights/onnx_builder.h"

namespace agewise::weights {
namespace {

// onnx.proto's numbers.
enum DataType { kFloat = 1, kInt64 = 7 };
enum AttributeType { kOneFloat = 1, kOneInt = 2, kString = 3, kInts = 7 };

onnx::Attribute& attribute(onnx::Node& node, const char* name, AttributeType type) {
  onnx::Attribute& made = *node.add_attribute();
  made.set_name(name);
  made.set_type(type);
  return made;
}

void describe(onnx::ValueInfo& info, const std::string& name, const Ints& axes) {
  info.set_name(name);
  onnx::TensorType& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(kFloat);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (std::int64_t length : axes) type.mutable_shape()->add_dim()->set_dim_value(length);
}

}  // namespace

OnnxBuilder::OnnxBuilder(OnnxVersions versions) {
  model_.set_ir_version(versions.file);
  model_.set_producer_name("agewise");  // is_onnx_of_agewise() knows it
  onnx::OperatorSet& set = *model_.add_opset_import();
  set.set_domain("");
  set.set_version(versions.operators);
  graph().set_name("agewise");
}

std::string OnnxBuilder::write(const std::map<std::string, std::string>& notes) {
  for (const auto& [key, value] : notes) {
    onnx::Note& note = *model_.add_metadata_props();
    note.set_key(key);
    note.set_value(value);
  }
  return model_.SerializeAsString();
}

onnx::Node& OnnxBuilder::node(const char* kind, const std::vector<std::string>& inputs, const std::string& output) {
  onnx::Node& made = *graph().add_node();
  made.set_op_type(kind);
  made.set_name(output);
  for (const std::string& input : inputs) made.add_input(input);
  made.add_output(output);
  return made;
}

void OnnxBuilder::constant(const std::string& name, const Ints& shape, std::span<const float> values) {
  onnx::Tensor& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(kFloat);
  for (std::int64_t length : shape) tensor.add_dims(length);
  tensor.set_raw_data(values.data(), values.size_bytes());
}

std::string OnnxBuilder::number(const std::string& name, double value) {
  auto one = static_cast<float>(value);
  constant(name, {}, {&one, 1});
  return name;
}

std::string OnnxBuilder::whole_constant(const std::string& name, const Ints& values) {
  onnx::Tensor& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(kInt64);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
  return name;
}

std::string OnnxBuilder::times(const std::string& at, double factor, const std::string& name) {
  auto value = static_cast<float>(factor);
  constant(name + ".factor", {1}, {&value, 1});
  node("Mul", {at, name + ".factor"}, name);
  return name;
}

void OnnxBuilder::add_input(const std::string& name, const Ints& axes) { describe(*graph().add_input(), name, axes); }

void OnnxBuilder::add_output(const std::string& name, const Ints& axes) { describe(*graph().add_output(), name, axes); }

void set(onnx::Node& node, const char* name, std::int64_t value) { attribute(node, name, kOneInt).set_i(value); }

void set(onnx::Node& node, const char* name, double value) {
  attribute(node, name, kOneFloat).set_f(static_cast<float>(value));
}

void set(onnx::Node& node, const char* name, std::string_view value) {
  attribute(node, name, kString).set_s(std::string(value));
}

void set(onnx::Node& node, const char* name, const Ints& values) {
  onnx::Attribute& made = attribute(node, name, kInts);
  for (std::int64_t value : values) made.add_ints(value);
}

}  // namespace agewise::weights
