// Any body is JSON with pictures or a BadJson, and its pictures are no larger than it.
#include <cstdlib>

#include "agewise/serve/json_body.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    agewise::serve::JsonBody body = agewise::serve::parse_json_body(std::as_bytes(std::span(data, size)), 20);
    std::size_t sum = 0;
    for (std::size_t one : body.sizes) sum += one;
    if (body.sizes.empty() || body.sizes.size() > 20 || sum != body.bytes.size() || sum > size) std::abort();
  } catch (const agewise::serve::BadJson&) {
  }
  return 0;
}
