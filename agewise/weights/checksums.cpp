#include "agewise/weights/checksums.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/base/json.h"
#include "agewise/base/sealed.h"

namespace agewise::weights {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 5> kTypes{"F32", "F16", "BF16", "F64", "whole"};  // by StoredType

constexpr const char* kRemedy = "restore a copy of the file or create it again";

std::uint64_t checksum_of_rest(const SafetensorsHeader& header, const std::map<std::string, std::uint64_t>& arrays) {
  std::string all;
  for (const auto& [name, text] : header.metadata) {
    if (name != kChecksumsText) all += fmt::format("{}:{} {}:{}\n", name.size(), name, text.size(), text);
  }
  std::vector<const StoredTensor*> tensors;
  for (const StoredTensor& tensor : header.tensors) tensors.push_back(&tensor);
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor* a, const StoredTensor* b) { return a->name < b->name; });
  for (const StoredTensor* tensor : tensors) {
    all += fmt::format("{}:{} {} {} {}\n", tensor->name.size(), tensor->name,
                       kTypes[static_cast<std::size_t>(tensor->type)], shape_text(tensor->shape),
                       base::checksum_text(arrays.at(tensor->name)));
  }
  return base::checksum(std::as_bytes(std::span(all)));
}

base::Error damaged_header() {
  return base::Error(fmt::format("its header is damaged: it does not match its checksum; {}", kRemedy));
}

std::uint64_t number_of(const json& digits) {
  const auto& text = digits.get_ref<const std::string&>();
  if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != std::string::npos) throw damaged_header();
  return std::stoull(text, nullptr, 16);
}

}  // namespace

Checksums checksums_of(const SafetensorsHeader& header, std::map<std::string, std::uint64_t> arrays) {
  std::uint64_t rest = checksum_of_rest(header, arrays);
  return {std::move(arrays), rest};
}

std::string to_text(const Checksums& checksums) {
  json arrays = json::object();
  for (const auto& [name, checksum] : checksums.arrays) arrays[name] = base::checksum_text(checksum);
  return base::json_text(json{{"arrays", std::move(arrays)}, {"rest", base::checksum_text(checksums.rest)}});
}

std::optional<Checksums> read_checksums(const SafetensorsHeader& header) {
  auto text = header.metadata.find(kChecksumsText);
  if (text == header.metadata.end()) return std::nullopt;
  Checksums checksums;
  try {
    json stored = base::parse_json(text->second);
    for (const auto& [name, digits] : stored.at("arrays").items()) checksums.arrays[name] = number_of(digits);
    checksums.rest = number_of(stored.at("rest"));
  } catch (const json::exception&) {
    throw damaged_header();
  }
  bool all = checksums.arrays.size() == header.tensors.size() &&
             std::all_of(header.tensors.begin(), header.tensors.end(),
                         [&](const StoredTensor& tensor) { return checksums.arrays.contains(tensor.name); });
  if (!all || checksum_of_rest(header, checksums.arrays) != checksums.rest) throw damaged_header();
  return checksums;
}

void check_array(const Checksums& checksums, const StoredTensor& tensor, std::span<const std::byte> file) {
  if (base::checksum(file.subspan(tensor.begin, tensor.end - tensor.begin)) == checksums.arrays.at(tensor.name)) return;
  throw base::Error(
      fmt::format("array {}: is damaged: it does not match its checksum; {}", name_text(tensor.name), kRemedy));
}

}  // namespace agewise::weights
