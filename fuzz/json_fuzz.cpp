// Any body is JSON with pictures or a BadJson, and its pictures are no larger than it.
#include <cstdlib>
#include <vector>

#include "agewise/serve/json_body.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    std::vector<unsigned char> copy(data, data + size);  // of exactly that size, so that a byte beyond is told
    agewise::serve::JsonBody body = agewise::serve::parse_json_body(std::as_writable_bytes(std::span(copy)), 20);
    std::size_t sum = 0;
    for (std::size_t one : body.sizes) sum += one;
    if (body.sizes.empty() || body.sizes.size() > 20 || sum != body.bytes.size() || sum > size) std::abort();
  } catch (const agewise::serve::BadJson&) {
  }
  return 0;
}
