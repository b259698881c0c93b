#include "agewise/weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <stdexcept>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/base/json.h"
#include "agewise/weights/half.h"

namespace agewise::weights {
namespace {

using nlohmann::json;

constexpr std::size_t kAlignment = 8;  // of the data within the file

std::uint64_t count_of(const TensorView& tensor) {
  return static_cast<std::uint64_t>(
      std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>()));
}

void check_filled(const TensorView& tensor, std::size_t values) {
  if (count_of(tensor) == values) return;
  throw std::invalid_argument(
      fmt::format("array {}: {} values do not fill the shape {}", tensor.name, values, shape_text(tensor.shape)));
}

// Offsets are counted from the end of the header.
SafetensorsHeader header_of(const std::map<std::string, std::string>& metadata, std::span<const TensorView> tensors) {
  SafetensorsHeader header{metadata, {}};
  header.metadata.erase(kChecksumsText);
  std::set<std::string> names{"__metadata__"};
  std::uint64_t begin = 0;
  for (const TensorView& tensor : tensors) {
    if (!tensor.load) check_filled(tensor, tensor.values.size());
    if (!names.insert(tensor.name).second) throw std::invalid_argument("two arrays are named " + tensor.name);
    std::uint64_t count = count_of(tensor), end = begin + count * (tensor.half ? sizeof(std::uint16_t) : sizeof(float));
    header.tensors.push_back({tensor.name, tensor.half ? StoredType::f16 : StoredType::f32, tensor.shape,
                              static_cast<std::int64_t>(count), begin, end});
    begin = end;
  }
  return header;
}

// As it stands in the file, with the checksums.
std::string text_of(const SafetensorsHeader& header, std::map<std::string, std::uint64_t> checksums) {
  json all = json::object();
  try {
    all["__metadata__"] = header.metadata;
    all["__metadata__"][kChecksumsText] = to_text(checksums_of(header, std::move(checksums)));
    for (const StoredTensor& tensor : header.tensors) {
      all[tensor.name] = {{"dtype", tensor.type == StoredType::f16 ? "F16" : "F32"},
                          {"shape", tensor.shape},
                          {"data_offsets", {tensor.begin, tensor.end}}};
    }
    std::string text = base::json_text(all);
    text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
    return text;
  } catch (const json::exception& error) {
    throw std::invalid_argument(fmt::format("cannot be written as JSON: {}", error.what()));
  }
}

std::vector<std::uint16_t> halves_of(std::span<const float> values) {
  std::vector<std::uint16_t> halves(values.size());
  std::transform(values.begin(), values.end(), halves.begin(), to_half);
  return halves;
}

// Hands the array's bytes, as they are stored, to `take`.
template <class Take>
void with_bytes(const TensorView& tensor, Take take) {
  std::vector<float> loaded = tensor.load ? tensor.load() : std::vector<float>();
  std::span<const float> values = tensor.load ? loaded : tensor.values;
  check_filled(tensor, values.size());
  std::vector<std::uint16_t> halves = tensor.half ? halves_of(values) : std::vector<std::uint16_t>();
  take(tensor.half ? std::as_bytes(std::span(halves)) : std::as_bytes(values));
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorView> tensors) {
  SafetensorsHeader header = header_of(metadata, tensors);
  std::map<std::string, std::uint64_t> checksums;
  for (const TensorView& tensor : tensors)
    with_bytes(tensor, [&](std::span<const std::byte> bytes) { checksums[tensor.name] = base::checksum(bytes); });
  std::string text = text_of(header, std::move(checksums));
  std::uint64_t length = text.size();
  base::FileWriter writer(file);
  writer.write(std::as_bytes(std::span(&length, 1)));
  writer.write(std::as_bytes(std::span(text)));
  for (const TensorView& tensor : tensors)
    with_bytes(tensor, [&](std::span<const std::byte> bytes) { writer.write(bytes); });
  writer.commit();
}

bool is_safetensors(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::uint64_t length = 0;
  in.read(reinterpret_cast<char*>(&length), sizeof length);
  return in.get() == '{' && length <= kMostHeaderBytes;
}

SafetensorsFile::SafetensorsFile(std::filesystem::path file)
    : path_(std::move(file)), content_(base::MappedFile::read_only(path_)) {
  try {
    header_ = parse_safetensors_header(content_.bytes());
    checksums_ = read_checksums(header_);
    header_.metadata.erase(kChecksumsText);
  } catch (const base::Error& error) {
    throw base::file_error(path_, error.what());
  }
}

bool SafetensorsFile::contains(const std::string& name) const {
  return std::any_of(header_.tensors.begin(), header_.tensors.end(),
                     [&](const StoredTensor& tensor) { return tensor.name == name; });
}

const StoredTensor& SafetensorsFile::find(const std::string& name) const {
  for (const StoredTensor& tensor : header_.tensors) {
    if (tensor.name == name) return tensor;
  }
  throw base::file_error(path_, fmt::format("has no array {}", name_text(name)));
}

const std::vector<std::int64_t>& SafetensorsFile::shape(const std::string& name) const { return find(name).shape; }

void SafetensorsFile::check(const StoredTensor& tensor) const {
  if (!checksums_) return;
  try {
    check_array(*checksums_, tensor, content_.bytes());
  } catch (const base::Error& error) {
    throw base::file_error(path_, error.what());
  }
}

void SafetensorsFile::check_all(const std::function<void(std::uint64_t)>& checked) const {
  for (const StoredTensor& tensor : header_.tensors) {
    check(tensor);
    content_.forget(content_.bytes().subspan(tensor.begin, tensor.end - tensor.begin));
    if (checked) checked(tensor.end - tensor.begin);
  }
}

std::vector<float> SafetensorsFile::read(const std::string& name) const { return read(name, find(name).shape); }

std::vector<float> SafetensorsFile::read(const std::string& name, std::span<const std::int64_t> expected_shape) const {
  std::vector<float> values(find(name).count);
  read(name, expected_shape, values);
  return values;
}

void SafetensorsFile::read(const std::string& name, std::span<const std::int64_t> expected_shape,
                           std::span<float> values) const {
  const StoredTensor& tensor = find(name);
  if (!std::equal(tensor.shape.begin(), tensor.shape.end(), expected_shape.begin(), expected_shape.end())) {
    throw base::file_error(path_, fmt::format("array {}: must have the shape {}, but has {}", name_text(name),
                                              shape_text(expected_shape), shape_text(tensor.shape)));
  }
  check(tensor);
  copy_values(tensor, content_.bytes(), values);
  content_.forget(content_.bytes().subspan(tensor.begin, tensor.end - tensor.begin));
}

}  // namespace agewise::weights
