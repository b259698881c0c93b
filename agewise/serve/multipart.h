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
  bool is_file = true;     // a file name, or a Content-Type of pictures or bytes, says so; else a text field
  std::string field = {};  // its name in the form
};

// What is wrong with a body, for whoever made it.
struct BadForm : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The value of `name` within "type; name=value" or "type; name=\"value\"", empty if absent.
std::string header_parameter(std::string_view header, std::string_view name);

// The same where `name*=UTF-8''na%C3%AFve.jpg` (RFC 8187, also of ISO-8859-1) may stand, which counts more.
std::string extended_parameter(std::string_view header, const std::string& name);

// The parts in order, without files that the form left empty. Nothing is copied but the names. Throws BadForm for a
// body that does not begin with its boundary, is cut short, has more files than `most` or more than 16 text fields, or
// a part that is neither a file nor has a name.
std::vector<FormPart> parse_form(std::span<const std::byte> body, std::string_view content_type, std::size_t most);

}  // namespace agewise::serve
