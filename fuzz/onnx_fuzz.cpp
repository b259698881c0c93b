// Any bytes are an ONNX network, whole and of the size that it says, or an Error.
#include "agewise/weights/onnx.h"

#include <cstdlib>

#include "agewise/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto file = std::as_bytes(std::span(data, size));
  try {
    agewise::weights::OnnxNetwork network = agewise::weights::parse_onnx(file);
    if (agewise::nn::parameter_count(agewise::nn::parameters_of(network.graph)) !=
        static_cast<std::int64_t>(network.parameters.size())) {
      std::abort();
    }
  } catch (const agewise::base::Error&) {
  }
  return 0;
}
