// Any bytes are a safetensors file, all of whose arrays can be read, or an Error.
#include <cstdlib>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/weights/checksums.h"
#include "agewise/weights/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto file = std::as_bytes(std::span(data, size));
  try {
    std::uint64_t bytes = 0;
    agewise::weights::SafetensorsHeader header = agewise::weights::parse_safetensors_header(file);
    auto checksums = agewise::weights::read_checksums(header);
    for (const agewise::weights::StoredTensor& tensor : header.tensors) {
      if (checksums) agewise::weights::check_array(*checksums, tensor, file);
      std::vector<float> values(static_cast<std::size_t>(tensor.count));
      agewise::weights::copy_values(tensor, file, values);
      bytes += tensor.end - tensor.begin;
    }
    if (bytes > size) std::abort();
  } catch (const agewise::base::Error&) {
  }
  return 0;
}
