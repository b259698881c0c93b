#include "agewise/weights/onnx_folder.h"

#include <fmt/format.h>

#include <charconv>

#include "agewise/base/error.h"
#include "agewise/base/folders.h"
#include "agewise/weights/safetensors_header.h"

namespace agewise::weights {
namespace {

constexpr int kStoredOutside = 1;  // TensorProto.DataLocation
constexpr std::size_t kMostFiles = 1000;

std::string field(const onnx::Tensor& tensor, const char* key) {
  for (const onnx::Note& note : tensor.external_data()) {
    if (note.key() == key) return note.value();
  }
  return "";
}

std::uint64_t number_field(const onnx::Tensor& tensor, const char* key, std::uint64_t fallback) {
  std::string text = field(tensor, key);
  if (text.empty()) return fallback;
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw base::Error(fmt::format("its external_data entry {} is not a number", key));
  return number;
}

}  // namespace

bool OnnxFolder::is_outside(const onnx::Tensor& tensor) { return tensor.data_location() == kStoredOutside; }

const base::MappedFile& OnnxFolder::opened(const std::string& location) {
  auto found = files_.find(location);
  if (found != files_.end()) return found->second;
  if (folder_.empty()) throw base::Error("its values are in another file; save the network as one file");
  std::filesystem::path name(location), file = folder_ / name;
  if (location.empty() || location.find('\0') != std::string::npos || name.is_absolute())
    throw base::Error(
        fmt::format("its values are in {}, which is not a file name in the network's folder", name_text(location)));
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    throw base::Error(
        fmt::format("its values are in the file {}, which is missing from the network's folder", name_text(location)));
  }
  if (!std::filesystem::is_regular_file(file, error) || !base::lies_in(file, folder_))
    throw base::Error(
        fmt::format("its values are in {}, which is not a file in the network's folder", name_text(location)));
  if (files_.size() == kMostFiles) throw base::Error(fmt::format("its values are in more than {} files", kMostFiles));
  const base::MappedFile& opened = files_.emplace(location, base::MappedFile::read_only(file)).first->second;
  bytes_ += opened.bytes().size();
  return opened;
}

std::span<const std::byte> OnnxFolder::bytes_of(const onnx::Tensor& tensor, std::uint64_t size) {
  std::string location = field(tensor, "location");
  std::span<const std::byte> all = opened(location).bytes();
  std::uint64_t offset = number_field(tensor, "offset", 0), length = number_field(tensor, "length", size);
  if (length != size)
    throw base::Error(fmt::format("its shape needs {} bytes, but {} has {} for it", size, name_text(location), length));
  if (offset > all.size() || size > all.size() - offset) {
    throw base::Error(fmt::format("{} is cut short: it has {} bytes, but the array takes {} from byte {}",
                                  name_text(location), all.size(), size, offset));
  }
  return all.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

}  // namespace agewise::weights
