// Any bytes are a safetensors file, all of whose arrays can be read, or an Error.
#include <cstdlib>
#include <vector>

#include "agewise/base/error.h"
#include "agewise/weights/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto file = std::as_bytes(std::span(data, size));
  try {
    std::uint64_t bytes = 0;
    for (const agewise::weights::StoredTensor& tensor : agewise::weights::parse_safetensors_header(file).tensors) {
      std::vector<float> values(static_cast<std::size_t>(tensor.count));
      agewise::weights::copy_values(tensor, file, values);
      bytes += tensor.end - tensor.begin;
    }
    if (bytes > size) std::abort();
  } catch (const agewise::base::Error&) {
  }
  return 0;
}
