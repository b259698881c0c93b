// safetensors files (https://huggingface.co/docs/safetensors): named arrays and a map of texts. Models, checkpoints and
// whitening transforms are such files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/files.h"
#include "agewise/weights/checksums.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {

struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;  // empty: one value
  std::span<const float> values;    // row-major
  bool half = false;                // stored as F16, rounded to it; else as F32
  // In place of `values`: gives them when they are written, twice, and only then are they in memory.
  std::function<std::vector<float>()> load = {};
};

// Stored in the given order, with checksums of all (checksums.h). Written whole or not at all (base/files.h). Throws
// std::invalid_argument for a name given twice, a name or text that is not UTF-8, or values that do not fill their
// shape.
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorView> tensors);

// Whether the file begins as one does: a header's length, then {. False for one that cannot be read.
bool is_safetensors(const std::filesystem::path& file);

// An open file, mapped: an array costs memory only when it is read. Everything is checked on opening (see
// safetensors_header.h), and an array's bytes against their checksum, if the file has one, whenever it is read; throws
// Error naming file and array. Movable; reading is safe from any number of threads.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(std::filesystem::path file);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }  // but for the checksums
  const std::vector<StoredTensor>& tensors() const { return header_.tensors; }             // in the order of their data
  bool contains(const std::string& name) const;
  bool has_checksums() const { return checksums_.has_value(); }
  // Compares all arrays with their checksums; `checked` is told how many bytes more are done.
  void check_all(const std::function<void(std::uint64_t)>& checked = {}) const;

  // Throw Error if there is no such array. F16 and BF16 are converted, exactly, F64 rounded.
  const std::vector<std::int64_t>& shape(const std::string& name) const;
  std::vector<float> read(const std::string& name) const;
  // The same, checked against what the caller needs: the error names file, array, expected and found shape.
  std::vector<float> read(const std::string& name, std::span<const std::int64_t> expected_shape) const;
  // Into memory that the caller has: as many values as the shape has places.
  void read(const std::string& name, std::span<const std::int64_t> expected_shape, std::span<float> values) const;

 private:
  const StoredTensor& find(const std::string& name) const;
  void check(const StoredTensor& tensor) const;

  std::filesystem::path path_;
  base::MappedFile content_;
  SafetensorsHeader header_;
  std::optional<Checksums> checksums_;
};

}  // namespace agewise::weights
