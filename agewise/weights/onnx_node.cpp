#include "agewise/weights/onnx_node.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "agewise/base/error.h"
#include "agewise/weights/half.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

// onnx.proto's TensorProto.DataType.
enum DataType { kFloat = 1, kInt32 = 6, kInt64 = 7, kBool = 9, kHalf = 10, kDouble = 11, kBfloat16 = 16 };

constexpr int kMostDimensions = 8;

[[noreturn]] void refuse_tensor(const onnx::Tensor& tensor, const std::string& problem) {
  throw base::Error(fmt::format("array {}: {}", name_text(tensor.name()), problem));
}

std::int64_t checked_count(const onnx::Tensor& tensor) {
  if (tensor.dims_size() > kMostDimensions)
    refuse_tensor(tensor, fmt::format("has more than {} axes", kMostDimensions));
  std::int64_t count = 1;
  for (std::int64_t length : tensor.dims()) {
    if (length < 0 || __builtin_mul_overflow(count, length, &count)) refuse_tensor(tensor, "has an impossible shape");
  }
  return count;
}

template <class T>
std::vector<T> values_outside(const onnx::Tensor& tensor, std::int64_t count, OnnxFolder& folder) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, sizeof(T), &bytes)) refuse_tensor(tensor, "has an impossible shape");
  try {
    std::span<const std::byte> raw = folder.bytes_of(tensor, bytes);
    std::vector<T> values(static_cast<std::size_t>(count));
    if (count > 0) std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  } catch (const base::Error& error) {
    refuse_tensor(tensor, error.what());
  }
}

// `count` values of type T out of raw bytes (little-endian), or out of the field for its type.
template <class T, class Field>
std::vector<T> values_of(const onnx::Tensor& tensor, std::int64_t count, const Field& field, OnnxFolder& folder) {
  if (OnnxFolder::is_outside(tensor)) return values_outside<T>(tensor, count, folder);
  bool raw = tensor.has_raw_data();
  auto there = static_cast<std::int64_t>(raw ? tensor.raw_data().size() / sizeof(T) : field.size());
  bool whole = !raw || tensor.raw_data().size() % sizeof(T) == 0;
  if (there != count || !whole)
    refuse_tensor(tensor, fmt::format("its shape needs {} values, but it has {}", count, there));
  std::vector<T> values(static_cast<std::size_t>(count));
  if (count == 0) return values;
  if (raw) {
    std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
  } else {
    std::copy(field.begin(), field.end(), values.begin());
  }
  return values;
}

}  // namespace

OnnxConstant read_constant(const onnx::Tensor& tensor, OnnxFolder& folder) {
  std::int64_t count = checked_count(tensor);
  OnnxConstant constant{{tensor.dims().begin(), tensor.dims().end()}, {}, {}};
  auto widened = [](const auto& values, auto& to) { to.assign(values.begin(), values.end()); };
  switch (tensor.data_type()) {
    case kFloat:
      constant.numbers = values_of<float>(tensor, count, tensor.float_data(), folder);
      break;
    case kDouble:
      widened(values_of<double>(tensor, count, tensor.double_data(), folder), constant.numbers);
      break;
    case kHalf:
      for (std::uint16_t half : values_of<std::uint16_t>(tensor, count, tensor.int32_data(), folder))
        constant.numbers.push_back(from_half(half));
      break;
    case kBfloat16:
      for (std::uint16_t half : values_of<std::uint16_t>(tensor, count, tensor.int32_data(), folder))
        constant.numbers.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16));
      break;
    case kBool:
      widened(values_of<std::uint8_t>(tensor, count, tensor.int32_data(), folder), constant.integers);
      break;
    case kInt32:
      widened(values_of<std::int32_t>(tensor, count, tensor.int32_data(), folder), constant.integers);
      break;
    case kInt64:
      constant.integers = values_of<std::int64_t>(tensor, count, tensor.int64_data(), folder);
      break;
    default:
      refuse_tensor(
          tensor,
          fmt::format("has data type {}; only float, double, float16, bfloat16, int32, int64 and bool are supported",
                      tensor.data_type()));
  }
  return constant;
}

const std::string& OnnxNode::input(int i) const {
  if (!has_input(i)) refuse(fmt::format("has no input {}", i));
  return node_.input(i);
}

const std::string& OnnxNode::output(int i) const {
  if (i >= node_.output_size() || node_.output(i).empty())
    refuse(i == 0 ? "has no output" : fmt::format("has no output {}", i));
  return node_.output(i);
}

const onnx::Attribute* OnnxNode::attribute(const char* name) {
  asked_.insert(name);
  for (const onnx::Attribute& attribute : node_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t OnnxNode::integer(const char* name, std::int64_t fallback) {
  const onnx::Attribute* found = attribute(name);
  return found == nullptr ? fallback : found->i();
}

double OnnxNode::number(const char* name, double fallback) {
  const onnx::Attribute* found = attribute(name);
  return found == nullptr ? fallback : double{found->f()};
}

std::string OnnxNode::word(const char* name, const char* fallback) {
  const onnx::Attribute* found = attribute(name);
  return found == nullptr ? fallback : found->s();
}

std::vector<std::int64_t> OnnxNode::integers(const char* name, std::vector<std::int64_t> fallback) {
  const onnx::Attribute* found = attribute(name);
  if (found == nullptr) return fallback;
  return {found->ints().begin(), found->ints().end()};
}

void OnnxNode::finish() const {
  for (const onnx::Attribute& attribute : node_.attribute()) {
    if (!asked_.contains(attribute.name())) refuse(fmt::format("unknown attribute {}", name_text(attribute.name())));
  }
}

void OnnxNode::refuse(const std::string& problem) const {
  const std::string& name = node_.name().empty() && node_.output_size() > 0 ? node_.output(0) : node_.name();
  throw base::Error(fmt::format("node {} ({}): {}", name_text(name), name_text(kind()), problem));
}

}  // namespace agewise::weights
