#include "agewise/weights/onnx_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

constexpr int kMostNodes = 10'000;
constexpr std::int64_t kLargestInput = std::int64_t{1} << 24;  // numbers of one picture
constexpr std::int64_t kLargestBatch = 1 << 20;
constexpr std::int64_t kSpareNumbers = 1 << 20;  // parameters beyond those in the file
constexpr std::size_t kLongestName = 200;

std::string printable(std::string name) {
  name.resize(std::min(name.size(), kLongestName));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '_');
  return name;
}

bool is_default_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

// Batch × height × width × channels, of a picture.
bool has_channels_last(const std::vector<std::int64_t>& dims) {
  auto of_channels = [](std::int64_t length) { return length == 1 || length == 3; };
  return dims.size() == 4 && of_channels(dims[3]) && !of_channels(dims[1]) && dims[2] > 3;
}

std::int64_t operators_version(const onnx::Model& model) {
  for (const onnx::OperatorSet& set : model.opset_import()) {
    if (is_default_domain(set.domain())) return set.version();
  }
  throw base::Error("does not say which version of ONNX's operators it uses; is it an ONNX file?");
}

}  // namespace

std::optional<nn::Shape> shape_of_dims(const std::vector<std::int64_t>& dims) {
  if (dims.empty() || dims.size() > 4) return std::nullopt;
  nn::Shape shape{1, 1, 1};
  std::array<int*, 3> places{&shape.channels, &shape.height, &shape.width};
  for (std::size_t i = 1; i < dims.size(); ++i) {
    if (dims[i] < 1 || dims[i] > kLargestInput) return std::nullopt;
    *places[i - 1] = static_cast<int>(dims[i]);
  }
  return shape;
}

OnnxReader::OnnxReader(const onnx::Model& model, const OnnxOptions& options, std::int64_t file_bytes)
    : model_(model), options_(options), numbers_left_(file_bytes + kSpareNumbers), folder_(options.folder) {}

Draft OnnxReader::read() {
  version_ = operators_version(model_);
  if (model_.graph().node_size() > kMostNodes) throw base::Error(fmt::format("has more than {} nodes", kMostNodes));
  take_initializers();
  take_inputs();
  for (const onnx::Node& node : model_.graph().node()) {
    OnnxNode one(node);
    if (!is_default_domain(node.domain()))
      one.refuse("operators of domain " + name_text(node.domain()) + " are not supported");
    try {
      read_node(*this, one);
    } catch (const base::UsageError& error) {  // of the graph's checks: names the layer
      one.refuse(error.what());
    }
    one.finish();
  }
  take_outputs(options_.outputs);
  return std::move(draft_);
}

void OnnxReader::take_initializers() {
  for (const onnx::Tensor& tensor : model_.graph().initializer()) {
    if (!constants_.insert({tensor.name(), {&tensor}}).second)
      throw base::Error(fmt::format("array {}: appears twice", name_text(tensor.name())));
  }
}

// Old files list their initializers among the inputs.
void OnnxReader::take_inputs() {
  for (const onnx::ValueInfo& input : model_.graph().input()) {
    if (constants_.contains(input.name())) continue;
    std::vector<std::int64_t> dims;
    for (const onnx::Dimension& dimension : input.type().tensor_type().shape().dim()) {
      bool open = dims.size() > 1 && dimension.dim_value() <= 0;
      dims.push_back(open ? options_.size : dimension.dim_value());
    }
    if (dims.empty()) throw base::Error(fmt::format("input {}: has no axes", name_text(input.name())));
    dims[0] = std::max<std::int64_t>(1, dims[0]);
    bool last = has_channels_last(dims);
    std::optional<nn::Shape> shape = shape_of_dims(last ? std::vector{dims[0], dims[3], dims[1], dims[2]} : dims);
    if (!shape || shape->size() > kLargestInput || dims[0] > kLargestBatch) {
      throw base::Error(fmt::format("input {}: must be batch × channels × height × width with fixed lengths, but is {}",
                                    name_text(input.name()), shape_text(dims)));
    }
    if (batch_ != 0 && batch_ != dims[0]) throw base::Error("its inputs have batches of different lengths");
    batch_ = dims[0];
    draft_.inputs.push_back(static_cast<int>(draft_.layers.size()));
    bool first = input_names.empty();
    draft_.layers.push_back({{first ? "input" : free_name(input.name()), nn::layer::Input{*shape}, {}, *shape}, {}});
    tensors_[input.name()] = {draft_.inputs.back(), std::move(dims), last};
    input_names.push_back(printable(input.name()));
  }
  if (draft_.inputs.empty()) throw base::Error("has no inputs");
}

void OnnxReader::take_outputs(const std::vector<std::string>& wanted) {
  std::vector<std::string> names = wanted;
  for (const onnx::ValueInfo& output : model_.graph().output()) {
    if (wanted.empty()) names.push_back(output.name());
  }
  if (names.empty()) throw base::Error("has no outputs");
  for (const std::string& name : names) {
    auto found = tensors_.find(name);
    if (found == tensors_.end()) throw base::Error(fmt::format("output {}: no node produces it", name_text(name)));
    draft_.outputs.push_back(in_order(name).layer);
    output_names.push_back(printable(name));
  }
}

bool OnnxReader::is_constant(const std::string& name) const {
  return constants_.contains(name) && !tensors_.contains(name);
}

const OnnxTensor& OnnxReader::tensor(const OnnxNode& node, int input) {
  const OnnxTensor& as_it_is = seen(node, input);
  if (as_it_is.dims.size() > 4) node.refuse(fmt::format("input {} has more than 4 axes", input));
  if (as_it_is.dims[0] != batch_) node.refuse(fmt::format("the first axis of input {} is not the batch", input));
  return in_order(node.input(input));
}

const OnnxTensor& OnnxReader::in_order(const std::string& name) {
  const OnnxTensor& as_it_is = tensors_.at(name);
  if (!as_it_is.channels_last) return as_it_is;
  auto [made, is_new] = transposed_.insert({name, as_it_is});
  if (is_new) {
    nn::Layer layer{free_name(name + ".transposed"), nn::layer::Transpose{{1, 2, 0}}, {as_it_is.layer}, {}};
    layer.shape = nn::shape_of(layer, {shape(as_it_is.layer)});
    draft_.layers.push_back({std::move(layer), {}});
    made->second = {static_cast<int>(draft_.layers.size()) - 1, as_it_is.dims};
  }
  return made->second;
}

const OnnxTensor& OnnxReader::seen(const OnnxNode& node, int input) const {
  auto found = tensors_.find(node.input(input));
  if (found != tensors_.end()) return found->second;
  if (erfs.contains(node.input(input)))
    node.refuse("reads an Erf, which is supported only within GELU: x/2 · (1 + erf(x/√2))");
  if (constants_.contains(node.input(input))) node.refuse(fmt::format("input {} is a constant", input));
  node.refuse(fmt::format("reads {}, which no earlier node produces", name_text(node.input(input))));
}

OnnxConstant OnnxReader::constant(const OnnxNode& node, int input) {
  auto found = constants_.find(node.input(input));
  if (found == constants_.end())
    node.refuse(fmt::format("input {} must be a constant, but is {}", input, name_text(node.input(input))));
  return found->second.in_file != nullptr ? read_constant(*found->second.in_file, folder_) : found->second.computed;
}

std::vector<std::int64_t> OnnxReader::whole_constant(const OnnxNode& node, int input) {
  OnnxConstant values = constant(node, input);
  if (!values.numbers.empty()) node.refuse(fmt::format("input {} must be whole numbers", input));
  return std::move(values.integers);
}

void OnnxReader::count_numbers(const OnnxNode& node, std::int64_t numbers) {
  numbers_left_ -= numbers;
  if (numbers_left_ + static_cast<std::int64_t>(folder_.bytes()) < 0)
    node.refuse("the network has far more parameters than the file holds");
}

std::string OnnxReader::free_name(std::string wanted) {
  wanted = printable(std::move(wanted));
  if (wanted.empty()) wanted = "layer";
  std::string name = wanted;
  for (int& number = names_[wanted]; number++ > 0 && !names_.insert({name, 1}).second;)
    name = fmt::format("{}_{}", wanted, number);
  return name;
}

int OnnxReader::add(const OnnxNode& node, nn::LayerKind kind, std::vector<int> inputs,
                    std::vector<std::vector<float>> arrays, const std::string& weight, int output) {
  constexpr std::string_view kEnding = ".weight";
  for (const std::vector<float>& array : arrays) count_numbers(node, static_cast<std::int64_t>(array.size()));
  std::string name = weight.size() > kEnding.size() && weight.ends_with(kEnding)
                         ? weight.substr(0, weight.size() - kEnding.size())
                         : node.output(output);
  nn::Layer layer{free_name(std::move(name)), kind, std::move(inputs), {}};
  std::vector<nn::Shape> shapes;
  for (int input : layer.inputs) shapes.push_back(shape(input));
  layer.shape = nn::shape_of(layer, shapes);
  draft_.layers.push_back({std::move(layer), std::move(arrays)});
  return static_cast<int>(draft_.layers.size()) - 1;
}

void OnnxReader::must_be_new(const OnnxNode& node, const std::string& output) const {
  if (constants_.contains(output) || tensors_.contains(output))
    node.refuse(fmt::format("produces {}, which already exists", name_text(output)));
}

void OnnxReader::define(const OnnxNode& node, OnnxTensor tensor, int output) {
  must_be_new(node, node.output(output));
  tensors_[node.output(output)] = std::move(tensor);
}

void OnnxReader::define_same(const OnnxNode& node, const std::string& input) {
  auto constant = constants_.find(input);
  if (constant == constants_.end()) return define(node, seen(node, 0));
  must_be_new(node, node.output());
  constants_[node.output()] = constant->second;
}

void OnnxReader::define_constant(const OnnxNode& node, const onnx::Tensor& tensor) {
  must_be_new(node, node.output());
  constants_[node.output()] = {&tensor};
}

void OnnxReader::define_constant(const OnnxNode& node, OnnxConstant constant, int output) {
  must_be_new(node, node.output(output));
  count_numbers(node, constant.count());
  constants_[node.output(output)] = {nullptr, std::move(constant)};
}

OnnxNetwork parse_onnx(std::span<const std::byte> file, const OnnxOptions& options) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw base::Error("is larger than 2 GiB, the format's limit");
  onnx::Model model;
  if (!model.ParseFromArray(file.data(), static_cast<int>(file.size())) || !model.has_graph())
    throw base::Error("is not an ONNX file, or is cut short");
  OnnxReader reader(model, options, static_cast<std::int64_t>(file.size()));
  Draft draft = reader.read();
  join_activations(draft);
  drop_needless(draft);
  options.fold_scales ? fold_scales(draft) : merge_scales(draft);
  drop_idle_scales(draft);
  if (options.fold_scales) merge_branches(draft);
  DraftNetwork network = finished(draft);
  return {std::move(network.graph), std::move(network.parameters), std::move(reader.input_names),
          std::move(reader.output_names), printable(model.producer_name())};
}

OnnxNetwork read_onnx(const std::filesystem::path& file, OnnxOptions options) {
  options.folder = file.has_parent_path() ? file.parent_path() : ".";
  base::MappedFile content = base::MappedFile::read_only(file);
  try {
    return parse_onnx(content.bytes(), options);
  } catch (const base::Error& error) {
    throw base::file_error(file, error.what());
  }
}

// A Model begins with its ir_version (field 1, a varint), a number below 128 for long to come.
bool is_onnx(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return in.get() == 0x08 && in.get() < 0x80 && in.good();
}

}  // namespace agewise::weights
