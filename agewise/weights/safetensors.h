// safetensors files (format: facts §5): named arrays and a map of texts. Ours hold models, checkpoints and transforms.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/files.h"

namespace agewise {

struct TensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> values;  // row-major
};

// Written whole or not at all (base/files.h).
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata,
                       std::span<const TensorView> tensors);

// An open file, mapped; F32 arrays only (F16 and BF16 are converted). Everything is checked on opening: header size,
// JSON, dtypes, offsets without holes or overlaps, shapes that fit. Throws Error naming file and array.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& file);
  static void check(std::span<const std::byte> content);  // the same checks on bytes, for the fuzzer; throws Error

  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::vector<std::string>& names() const { return names_; }  // in the file's order of data
  bool contains(const std::string& name) const;
  std::vector<std::int64_t> shape(const std::string& name) const;  // throws Error if there is no such array
  std::vector<float> read(const std::string& name) const;
  // The same, checked against what the caller needs: the error names file, array, expected and found shape.
  std::vector<float> read(const std::string& name, std::span<const std::int64_t> expected_shape) const;

 private:
  struct Entry;
  std::filesystem::path path_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::string> names_;
};

}  // namespace agewise
