#include "agewise/weights/safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "agewise/base/error.h"
#include "agewise/base/json.h"
#include "agewise/weights/half.h"

namespace agewise::weights {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kSqlite = "SQLite f";  // the first bytes of an SQLite database, as faces.db is
constexpr std::size_t kMostDimensions = 8;
constexpr const char* kMetadata = "__metadata__";

constexpr std::size_t kLongestShown = 100;  // bytes of a hostile file's text in an error message

struct NumberType {
  StoredType type;
  std::uint64_t bytes;
};

NumberType type_of(const std::string& name, const json& dtype) {
  static const std::map<std::string, NumberType> types{
      {"F64", {StoredType::f64, 8}},    {"F32", {StoredType::f32, 4}},   {"F16", {StoredType::f16, 2}},
      {"BF16", {StoredType::bf16, 2}},  {"I64", {StoredType::whole, 8}}, {"U64", {StoredType::whole, 8}},
      {"I32", {StoredType::whole, 4}},  {"U32", {StoredType::whole, 4}}, {"I16", {StoredType::whole, 2}},
      {"U16", {StoredType::whole, 2}},  {"I8", {StoredType::whole, 1}},  {"U8", {StoredType::whole, 1}},
      {"BOOL", {StoredType::whole, 1}},
  };
  if (!dtype.is_string()) throw base::Error(fmt::format("array {}: dtype must be a string", name_text(name)));
  auto found = types.find(dtype.get<std::string>());
  if (found != types.end()) return found->second;
  throw base::Error(fmt::format("array {}: has type {}; only F64, F32, F16 and BF16 are supported", name_text(name),
                                name_text(dtype.get<std::string>())));
}

// A list of whole numbers that are 0 or more.
std::vector<std::int64_t> numbers_of(const std::string& name, const char* key, const json& list) {
  bool good = list.is_array() && list.size() <= kMostDimensions;
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; good && i < list.size(); ++i) {
    good = list[i].is_number_unsigned() && list[i].get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
    if (good) numbers.push_back(list[i].get<std::int64_t>());
  }
  if (!good)
    throw base::Error(
        fmt::format("array {}: {} must be a list of at most {} whole numbers", name_text(name), key, kMostDimensions));
  return numbers;
}

std::int64_t count_of(const std::string& name, const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (std::int64_t side : shape) {
    if (__builtin_mul_overflow(count, side, &count)) {
      throw base::Error(fmt::format("array {}: shape {} is too large", name_text(name), shape_text(shape)));
    }
  }
  return count;
}

// `begin` and `end` are still counted from the end of the header.
StoredTensor tensor_of(const std::string& name, const json& description) {
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!description.contains(key)) throw base::Error(fmt::format("array {}: has no {}", name_text(name), key));
  }
  NumberType type = type_of(name, description["dtype"]);
  StoredTensor tensor{name, type.type, numbers_of(name, "shape", description["shape"]), 0, 0, 0};
  tensor.count = count_of(name, tensor.shape);
  std::vector<std::int64_t> offsets = numbers_of(name, "data_offsets", description["data_offsets"]);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    throw base::Error(fmt::format("array {}: data_offsets must be two numbers, begin and end", name_text(name)));
  }
  tensor.begin = static_cast<std::uint64_t>(offsets[0]);
  tensor.end = static_cast<std::uint64_t>(offsets[1]);
  std::uint64_t size = tensor.end - tensor.begin;
  if (size % type.bytes != 0 || size / type.bytes != static_cast<std::uint64_t>(tensor.count)) {
    throw base::Error(fmt::format("array {}: shape {} needs {} values of {} bytes, but data_offsets give {} bytes",
                                  name_text(name), shape_text(tensor.shape), tensor.count, type.bytes, size));
  }
  return tensor;
}

// Takes each array's description out of the JSON as soon as it is parsed: the document never grows in memory, and what
// cannot be part of a header is refused where it stands.
class HeaderParser {
 public:
  SafetensorsHeader parse(const char* begin, const char* end) {
    try {
      json rest = json::parse(begin, end, [this](int depth, json::parse_event_t event, json& parsed) {
        return take(depth, event, parsed);
      });
      if (!rest.is_object()) throw base::Error("the header must be a JSON object");
    } catch (const json::exception& error) {
      throw base::Error(fmt::format("the header is not JSON: {:.{}}", error.what(), kLongestShown));
    }
    return std::move(header_);
  }

 private:
  using Event = json::parse_event_t;

  // Depth 1: names and what they name; 2: within that; 3: within a list.
  bool take(int depth, Event event, json& parsed) {
    switch (event) {
      case Event::key:
        take_key(depth, parsed.get_ref<const std::string&>());
        break;
      case Event::object_start:
        if (depth > 1) refuse("has an object in its description");
        break;
      case Event::object_end:
        if (depth == 1) take_entry(parsed);
        return depth != 1;
      case Event::array_start:
        if (depth != 2) refuse("has a list where none is expected");
        list_length_ = 0;
        break;
      case Event::value:
        if (depth == 1) refuse("must be described by a JSON object");
        if (depth == 3 && ++list_length_ > kMostDimensions) refuse("has a list that is too long");
        break;
      case Event::array_end:
        break;
    }
    return true;
  }

  [[noreturn]] void refuse(const char* problem) const {
    throw base::Error(fmt::format("array {}: {}", name_text(name_), problem));
  }

  void take_key(int depth, const std::string& key) {
    if (depth == 1) {
      name_ = key;
      keys_.clear();
      if (!names_.insert(key).second) refuse("appears twice");
      return;
    }
    if (name_ != kMetadata && key != "dtype" && key != "shape" && key != "data_offsets") {
      refuse("has a key other than dtype, shape and data_offsets");
    }
    if (!keys_.insert(key).second) refuse("has a key twice");
  }

  void take_entry(const json& entry) {
    if (name_ != kMetadata) {
      header_.tensors.push_back(tensor_of(name_, entry));
      return;
    }
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) refuse("holds something other than strings");
      header_.metadata[key] = value.get<std::string>();
    }
  }

  SafetensorsHeader header_;
  std::string name_;  // of the array that is being read
  std::set<std::string> names_, keys_;
  std::size_t list_length_ = 0;
};

void check_data(std::vector<StoredTensor>& tensors, std::uint64_t data_begin, std::uint64_t file_size) {
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  std::uint64_t filled = 0, available = file_size - data_begin;
  for (StoredTensor& tensor : tensors) {
    if (tensor.begin != filled) {
      throw base::Error(fmt::format("array {}: its data {} the data before it", name_text(tensor.name),
                                    tensor.begin < filled ? "overlaps" : "leaves a gap after"));
    }
    if (tensor.end > available) {
      throw base::Error(fmt::format("array {}: the file is cut short: {} bytes of data, but the array ends at {}",
                                    name_text(tensor.name), available, tensor.end));
    }
    filled = tensor.end;
    tensor.begin += data_begin;
    tensor.end += data_begin;
  }
  if (filled != available)
    throw base::Error(fmt::format("has {} unexpected bytes after the last array", available - filled));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file) {
  if (file.size() < kLengthBytes) throw base::Error("the file is cut short: no header");
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (std::memcmp(file.data(), kSqlite.data(), kLengthBytes) == 0)
    throw base::Error("is an SQLite database, as face stores are, and not a model");
  if (length > kMostHeaderBytes) {
    throw base::Error(fmt::format("the header has {} bytes, but at most {} are allowed; is it a safetensors file?",
                                  length, kMostHeaderBytes));
  }
  if (length > file.size() - kLengthBytes) {
    throw base::Error(fmt::format("the file is cut short: the header has {} bytes, but only {} follow", length,
                                  file.size() - kLengthBytes));
  }
  const char* text = reinterpret_cast<const char*>(file.data()) + kLengthBytes;
  if (length == 0 || *text != '{') throw base::Error("the header does not begin with {; is it a safetensors file?");
  SafetensorsHeader header = HeaderParser().parse(text, text + length);
  check_data(header.tensors, kLengthBytes + length, file.size());
  return header;
}

void copy_values(const StoredTensor& tensor, std::span<const std::byte> file, std::span<float> values) {
  std::span<const std::byte> bytes = file.subspan(tensor.begin, tensor.end - tensor.begin);
  if (tensor.type == StoredType::whole)
    throw base::Error(fmt::format("array {}: holds whole numbers, not weights", name_text(tensor.name)));
  if (tensor.type == StoredType::f64) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      double stored = 0;
      std::memcpy(&stored, bytes.data() + sizeof stored * i, sizeof stored);
      values[i] = static_cast<float>(stored);
    }
    return;
  }
  if (tensor.type == StoredType::f32) {
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint16_t stored = 0;
    std::memcpy(&stored, bytes.data() + 2 * i, 2);
    values[i] = tensor.type == StoredType::f16 ? from_half(stored)
                                               : std::bit_cast<float>(static_cast<std::uint32_t>(stored) << 16);
  }
}

std::string name_text(const std::string& name) {
  if (name.size() > kLongestShown) return fmt::format("(a name of {} bytes)", name.size());
  return base::json_text_to_show(json(name));
}

std::string shape_text(std::span<const std::int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace agewise::weights
