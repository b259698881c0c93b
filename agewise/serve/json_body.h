// Bodies of JSON: {"picture": "…"} or {"pictures": ["…", …]}, each picture in base64 (RFC 4648, of either alphabet,
// with or without padding) or as a data URL of base64 (RFC 2397); beside it "distribution": true or false, and
// "at_least": whole years, above 0.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

namespace agewise::serve {

struct JsonBody {
  std::vector<std::byte> bytes;    // of all pictures, one after the other
  std::vector<std::size_t> sizes;  // of each
  bool is_list = false;            // "pictures"
  std::optional<bool> distribution;
  std::optional<int> at_least;
};

// What is wrong with a body, for whoever made it.
struct BadJson : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Texts are unescaped where they stand, in `body`. Beside it no more memory is taken than three quarters of it,
// whatever is in it: what is not expected ends the reading. Throws BadJson, also for more than `most` pictures.
JsonBody parse_json_body(std::span<std::byte> body, std::size_t most);

}  // namespace agewise::serve
