// What a safetensors file says of itself: u64 little-endian length of the header, the header as JSON
// {"NAME": {"dtype", "shape", "data_offsets"}, …, "__metadata__": {TEXT: TEXT}}, then the arrays, row-major.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace agewise::weights {

inline constexpr std::uint64_t kMostHeaderBytes = 100'000'000;  // the format's own limit

// whole: integers or truth values of any width, such as a normalisation's counter of batches. They may be there, but
// are not read.
enum class StoredType { f32, f16, bf16, f64, whole };

struct StoredTensor {
  std::string name;
  StoredType type;
  std::vector<std::int64_t> shape;  // empty: one value
  std::int64_t count;               // values: the product of the shape
  std::uint64_t begin, end;         // bytes from the start of the file
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<StoredTensor> tensors;  // in the order of their data
};

// Checks that the header is at most 100 MB of UTF-8 JSON with nothing unknown in it, no name is there twice, all types
// are F64, F32, F16, BF16 or of whole numbers, and the arrays fill the rest of the file without holes or overlaps.
// Throws Error that names the array, but not the file. Memory used stays in proportion to the header.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file);

// The array's values out of the bytes of the file that it was found in; `values` has place for `tensor.count`. Throws
// Error for one of whole numbers.
void copy_values(const StoredTensor& tensor, std::span<const std::byte> file, std::span<float> values);

// For messages: a name as JSON text on one line (what is not UTF-8 replaced), or its length if it is endless; a shape
// as
// "[32, 1, 3, 3]".
std::string name_text(const std::string& name);
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace agewise::weights
