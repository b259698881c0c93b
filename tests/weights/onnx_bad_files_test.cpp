// Broken, hostile and unknown networks, one by one: each must be refused with a message that says what is wrong.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/onnx.h"
#include "agewise/weights/onnx.pb.h"

namespace agewise::weights {
namespace {

using testing::HasSubstr;

void add_value(onnx::ValueInfo& info, const std::string& name, const std::vector<std::int64_t>& dims) {
  info.set_name(name);
  for (std::int64_t length : dims)
    info.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(length);
}

void add_constant(onnx::Model& model, const std::string& name, const std::vector<std::int64_t>& dims,
                  const std::vector<float>& values) {
  onnx::Tensor& tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(1);
  for (std::int64_t length : dims) tensor.add_dims(length);
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
}

onnx::Node& add_node(onnx::Model& model, const std::string& kind, const std::vector<std::string>& inputs) {
  onnx::Node& node = *model.mutable_graph()->add_node();
  node.set_op_type(kind);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output("y");
  return node;
}

void add_ints(onnx::Node& node, const std::string& name, const std::vector<std::int64_t>& values) {
  onnx::Attribute& attribute = *node.add_attribute();
  attribute.set_name(name);
  for (std::int64_t value : values) attribute.add_ints(value);
}

void add_int(onnx::Node& node, const std::string& name, std::int64_t value) {
  onnx::Attribute& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_i(value);
}

// i0 … i3, each a list of that one number, and the largest one.
void add_whole_constants(onnx::Model& model) {
  auto add = [&](const std::string& name, std::int64_t value) {
    onnx::Tensor& tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(7);
    tensor.add_dims(1);
    tensor.add_int64_data(value);
  };
  for (int i = 0; i < 4; ++i) add("i" + std::to_string(i), i);
  add("most", std::numeric_limits<std::int64_t>::max());
}

// x (1 × 2 × 4 × 4), and a weight of 3 × 2 × 3 × 3.
onnx::Model with_input() {
  onnx::Model model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(18);
  add_value(*model.mutable_graph()->add_input(), "x", {1, 2, 4, 4});
  add_value(*model.mutable_graph()->add_output(), "y", {});
  add_constant(model, "w", {3, 2, 3, 3}, std::vector<float>(54, 1));
  return model;
}

onnx::Model with_node(const std::string& kind, const std::vector<std::string>& inputs = {"x"}) {
  onnx::Model model = with_input();
  add_node(model, kind, inputs);
  return model;
}

onnx::Model convolution(const std::string& attribute, const std::vector<std::int64_t>& values) {
  onnx::Model model = with_input();
  add_ints(add_node(model, "Conv", {"x", "w"}), attribute, values);
  return model;
}

onnx::Model reshape(const std::vector<std::int64_t>& shape) {
  onnx::Model model = with_input();
  add_ints(add_node(model, "Reshape", {"x"}), "shape", shape);
  return model;
}

template <class Change>
onnx::Model changed(onnx::Model model, Change change) {
  change(model);
  return model;
}

struct Bad {
  const char* name;
  onnx::Model model;
  const char* message;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

std::vector<Bad> bad_models() {
  auto conv = [](auto change) { return changed(with_node("Conv", {"x", "w"}), change); };
  auto weight = [](onnx::Model& m) -> onnx::Tensor& { return *m.mutable_graph()->mutable_initializer(0); };
  auto input = [](onnx::Model& m, std::vector<std::int64_t> dims) {
    m.mutable_graph()->clear_input();
    add_value(*m.mutable_graph()->add_input(), "x", dims);
  };
  const float nan = std::nanf("");
  return {
      {"no_graph", {}, "is not an ONNX file"},
      {"no_operators", conv([](auto& m) { m.clear_opset_import(); }), "which version of ONNX's operators"},
      {"no_input", conv([](auto& m) { m.mutable_graph()->clear_input(); }), "has no inputs"},
      {"no_output", conv([](auto& m) { m.mutable_graph()->clear_output(); }), "has no outputs"},
      {"output_of_no_node", conv([](auto& m) { m.mutable_graph()->clear_node(); }),
       "output \"y\": no node produces it"},
      {"open_size", conv([&](auto& m) {
         input(m, {1, 2, 0, 4});
       }),
       "with fixed lengths, but is [1, 2, 0, 4]"},
      {"huge_batch", conv([&](auto& m) {
         input(m, {std::int64_t{1} << 62, 2, 4, 4});
       }),
       "with fixed lengths"},
      {"concat_beyond_all_axes",
       changed(
           with_input(),
           [](auto& m) { add_int(add_node(m, "Concat", {"x"}), "axis", std::numeric_limits<std::int64_t>::max()); }),
       "along channels only"},
      {"five_axes", conv([&](auto& m) {
         input(m, {1, 2, 4, 4, 4});
       }),
       "batch × channels × height × width"},
      {"huge_input", conv([&](auto& m) {
         input(m, {1, 1 << 20, 1 << 10, 1 << 10});
       }),
       "with fixed lengths"},
      {"unknown_kind", with_node("Einsum"), "node \"y\" (\"Einsum\"): is an operator that agewise does not support"},
      {"other_domain", conv([](auto& m) { m.mutable_graph()->mutable_node(0)->set_domain("com.microsoft"); }),
       "domain"},
      {"unknown_attribute", convolution("padding", {1}), "unknown attribute \"padding\""},
      {"reads_the_future", with_node("Relu", {"z"}), "reads \"z\", which no earlier node produces"},
      {"reads_itself", with_node("Relu", {"y"}), "which no earlier node produces"},
      {"kind_that_is_not_utf8", with_node("\xff"), "is an operator that agewise does not support"},
      {"no_inputs", with_node("Relu", {}), "has no input 0"},
      {"same_output_twice", conv([](auto& m) { add_node(m, "Relu", {"x"}); }), "which already exists"},
      {"array_twice", conv([](auto& m) { add_constant(m, "w", {1}, {1}); }), "array \"w\": appears twice"},
      {"fewer_values", conv([&](auto& m) { weight(m).set_raw_data("1234"); }), "needs 54 values, but it has 1"},
      {"part_of_a_value", conv([&](auto& m) { weight(m).set_raw_data("123"); }), "needs 54 values, but it has"},
      {"negative_shape", conv([&](auto& m) { weight(m).set_dims(0, -3); }), "has an impossible shape"},
      {"shape_that_overflows", conv([&](auto& m) { weight(m).set_dims(0, std::int64_t{1} << 62); }),
       "impossible shape"},
      {"text_weights", conv([&](auto& m) { weight(m).set_data_type(8); }), "has data type 8"},
      {"weights_elsewhere", conv([&](auto& m) { weight(m).set_data_location(1); }), "its values are in another file"},
      {"not_finite", conv([&](auto& m) {
         weight(m).set_raw_data(std::string(53 * 4, '\0') + std::string(reinterpret_cast<const char*>(&nan), 4));
       }),
       "array \"y.weight\": holds a value that is not finite"},
      {"other_channels", conv([&](auto& m) {
         input(m, {1, 3, 4, 4});
       }),
       "weights are for 2 channels in each of 1 groups"},
      {"kernel_beyond_the_input", conv([&](auto& m) {
         input(m, {1, 2, 2, 2});
       }),
       "a kernel of 3 is larger"},
      {"uneven_strides", convolution("strides", {1, 2}), "strides must be two equal numbers"},
      {"dilations", convolution("dilations", {2, 2}), "dilations other than 1"},
      {"kernel_of_another_shape", convolution("kernel_shape", {5, 5}),
       "kernel_shape differs from the shape of the weights"},
      {"three_pads", convolution("pads", {1, 1, 1}), "pads must be four numbers"},
      {"negative_pad", convolution("pads", {-1, 0, 0, 0}), "a pad is negative"},
      {"groups_below_1",
       changed(with_node("Conv", {"x", "w"}),
               [](auto& m) { add_int(*m.mutable_graph()->mutable_node(0), "group", -2); }),
       "group must be from 1 to 1048576, not -2"},
      {"weights_of_a_layer", with_node("Conv", {"x", "x"}), "input 1 must be a constant"},
      {"add_of_other_shapes", with_node("Add", {"x", "w"}), "one number, or one per channel"},
      {"gemm_of_a_picture", with_node("Gemm", {"x", "w"}), "only for batch × values"},
      {"across_pictures", reshape({2, 1, 4, 4}), "moves values between the pictures of a batch"},
      {"reshape_to_other_count", reshape({1, 3}), "an impossible shape"},
      {"reshape_to_nothing", reshape({}), "an impossible shape"},
      {"reshape_to_seven_axes", reshape({1, 1, 1, 1, 2, 4, 4}), "this shape is not supported"},
      {"slice_of_pixels", changed(with_node("Slice", {"x", "i0", "i2", "i2"}), [](auto& m) { add_whole_constants(m); }),
       "along channels only"},
      {"slice_beyond_the_channels",
       changed(with_node("Slice", {"x", "i2", "i3", "i1"}), [](auto& m) { add_whole_constants(m); }),
       "channels that do not exist"},
      {"division_of_constants_by_0", changed(with_node("Div", {"i1", "i0"}), [](auto& m) { add_whole_constants(m); }),
       "a number is too large"},
      {"range_without_end", changed(with_node("Range", {"i0", "most", "i1"}), [](auto& m) { add_whole_constants(m); }),
       "a constant has an impossible or too large shape"},
      {"constant_of_a_huge_shape",
       changed(with_node("ConstantOfShape", {"most"}), [](auto& m) { add_whole_constants(m); }),
       "a constant has an impossible or too large shape"},
      {"expanded_without_end", changed(with_node("Expand", {"i1", "most"}), [](auto& m) { add_whole_constants(m); }),
       "a constant has an impossible or too large shape"},
      {"index_that_is_not_there", changed(with_node("Gather", {"i1", "i3"}), [](auto& m) { add_whole_constants(m); }),
       "an index is out of range"},
      {"erf_by_itself", with_node("Erf", {"x"}), "is supported only within GELU"},
      {"normalised_over_pixels", changed(with_node("LayerNormalization", {"x", "w"}), [](auto&) {}),
       "is supported over channels only"},
      {"uneven_split",
       changed(with_node("Split", {"x", "i3"}),
               [](auto& m) {
                 add_whole_constants(m);
                 add_int(*m.mutable_graph()->mutable_node(0), "axis", 1);
               }),
       "channels that do not exist"},
      {"reshape_by_minus_2", reshape({1, -2}), "an impossible shape"},
      {"two_open_axes", reshape({-1, -1}), "an impossible shape"},
      {"transpose_of_the_batch",
       changed(with_input(),
               [](auto& m) {
                 add_ints(add_node(m, "Transpose", {"x"}), "perm", {1, 0, 2, 3});
               }),
       "perm must keep the batch"},
  };
}

class BadOnnx : public testing::TestWithParam<Bad> {};

TEST_P(BadOnnx, is_refused_with_the_reason) {
  std::string file = GetParam().model.SerializeAsString();
  try {
    parse_onnx(std::as_bytes(std::span(file)));
    FAIL() << "was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_LT(std::strlen(error.what()), 300U);
  }
}

INSTANTIATE_TEST_SUITE_P(Each, BadOnnx, testing::ValuesIn(bad_models()),
                         [](const auto& bad) { return std::string(bad.param.name); });

TEST(CutOnnx, is_never_taken_for_a_whole_network) {
  std::vector<std::byte> whole = base::read_file(AGEWISE_SOURCE_DIR "/tests/weights/golden/gemm.onnx", 1 << 20);
  EXPECT_EQ(parse_onnx(whole).graph.outputs.size(), 1U);
  for (std::size_t size = 0; size < whole.size() - 20; ++size)
    EXPECT_THROW(parse_onnx(std::span(whole).first(size)), base::Error) << size;
}

// A scalar that multiplies a million channels: more parameters than the file has numbers.
TEST(BadOnnx, makes_no_much_of_little) {
  onnx::Model model = with_input();
  model.mutable_graph()->clear_input();
  add_value(*model.mutable_graph()->add_input(), "x", {1, 1 << 20, 1, 1});
  add_constant(model, "s", {1}, {2});
  add_node(model, "Mul", {"x", "s"});
  std::string file = model.SerializeAsString();
  try {
    parse_onnx(std::as_bytes(std::span(file)));
    FAIL() << "was taken";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("far more parameters than the file holds"));
  }
}

}  // namespace
}  // namespace agewise::weights
