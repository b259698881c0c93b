// Any bytes are a weight file of PyTorch, whole and of the size that it says, or an Error.
#include "agewise/weights/pth.h"

#include <cstdlib>

#include "agewise/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto file = std::as_bytes(std::span(data, size));
  try {
    for (const agewise::weights::NamedArray& array : agewise::weights::parse_pth(file).arrays) {
      std::int64_t count = 1;
      for (std::int64_t length : array.shape) count *= length;
      if (count != static_cast<std::int64_t>(array.values.size())) std::abort();
    }
  } catch (const agewise::base::Error&) {
  }
  return 0;
}
