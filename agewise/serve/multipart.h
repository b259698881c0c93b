// Bodies of several files: multipart/form-data (RFC 7578, RFC 2046 §5.1).
#pragma once
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace agewise::serve {

struct FormPart {
  std::string file;                    // the name that the client gives it; not to be trusted with anything
  std::span<const std::byte> content;  // within the body
};

// What is wrong with a body, for whoever made it.
struct BadForm : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The value of `name` within "type; name=value" or "type; name=\"value\"", empty if absent.
std::string header_parameter(std::string_view header, std::string_view name);

// The parts in order. Nothing is copied but the names. Throws BadForm for a body that does not begin with its boundary,
// is cut short, has more parts than `most`, or one that is no file.
std::vector<FormPart> parse_form(std::span<const std::byte> body, std::string_view content_type, std::size_t most);

}  // namespace agewise::serve
