// The folder of an ONNX file, in which the values of its arrays may lie ("external data": the array says which file,
// from which byte on; torch.onnx.export() writes so).
#pragma once
#include <filesystem>
#include <map>
#include <span>

#include "agewise/base/files.h"
#include "agewise/weights/onnx.pb.h"

namespace agewise::weights {

class OnnxFolder {
 public:
  explicit OnnxFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}  // empty: nothing is read

  // Whether the array's values are in another file.
  static bool is_outside(const onnx::Tensor& tensor);

  // Its `size` bytes. The file is a regular one within the folder, wherever links lead. Valid as long as the
  // OnnxFolder. Throws Error without the array's name.
  std::span<const std::byte> bytes_of(const onnx::Tensor& tensor, std::uint64_t size);

  std::uint64_t bytes() const { return bytes_; }  // of all files that were read from

 private:
  const base::MappedFile& opened(const std::string& location);

  std::filesystem::path folder_;
  std::map<std::string, base::MappedFile> files_;
  std::uint64_t bytes_ = 0;
};

}  // namespace agewise::weights
