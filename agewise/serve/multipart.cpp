#include "agewise/serve/multipart.h"

#include "agewise/base/text.h"

namespace agewise::serve {
namespace {

constexpr std::size_t kLongestBoundary = 70, kLongestHead = 8192;  // characters; the first by RFC 2046

// What stands between the quotes that `text` begins with; a backslash takes the next character as it is.
std::string unquoted(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    value += text[i];
  }
  return value;
}

// Where the parameter that begins at `at` ends: its semicolon, or the end. Semicolons within quotes do not count.
std::size_t end_of_parameter(std::string_view text, std::size_t at) {
  bool quoted = false;
  for (; at < text.size() && (quoted || text[at] != ';'); ++at) {
    if (quoted && text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      quoted = !quoted;
  }
  return std::min(at, text.size());
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A part's own headers: the file name that Content-Disposition gives.
std::string file_name_of(std::string_view head) {
  while (!head.empty()) {
    std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) throw BadForm("a header line of a part has no colon");
    if (base::lower(line.substr(0, colon)) == "content-disposition")
      return header_parameter(line.substr(colon + 1), "filename");
  }
  return "";
}

}  // namespace

std::string header_parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = end_of_parameter(header, 0); at < header.size();) {
    std::size_t end = end_of_parameter(header, at + 1);
    std::string_view parameter = header.substr(at + 1, end - at - 1);
    std::size_t equals = parameter.find('=');
    if (equals != std::string_view::npos && base::lower(trimmed(parameter.substr(0, equals))) == name) {
      std::string_view value = trimmed(parameter.substr(equals + 1));
      return value.starts_with('"') ? unquoted(value) : std::string(value);
    }
    at = end;
  }
  return "";
}

std::vector<FormPart> parse_form(std::span<const std::byte> body, std::string_view content_type, std::size_t most) {
  std::string boundary = header_parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kLongestBoundary) throw BadForm("Content-Type has no usable boundary");
  std::string_view left(reinterpret_cast<const char*>(body.data()), body.size());
  const std::string opening = "--" + boundary, next = "\r\n" + opening;
  if (!left.starts_with(opening)) throw BadForm("the body does not begin with its boundary");
  left.remove_prefix(opening.size());
  std::vector<FormPart> parts;
  while (!left.starts_with("--")) {
    if (!left.starts_with("\r\n")) throw BadForm("a boundary is not followed by a new line");
    if (parts.size() == most) throw BadForm("more than " + std::to_string(most) + " files");
    std::size_t head = left.substr(0, kLongestHead).find("\r\n\r\n");
    if (head == std::string_view::npos) throw BadForm("a part's headers do not end");
    std::string file = file_name_of(left.substr(2, head < 2 ? 0 : head - 2));
    if (file.empty()) throw BadForm("a part without a file name is no file");
    left.remove_prefix(head + 4);
    std::size_t end = left.find(next);
    if (end == std::string_view::npos) throw BadForm("the body is cut short: its last boundary is missing");
    parts.push_back({std::move(file), std::as_bytes(std::span(left.data(), end))});
    left.remove_prefix(end + next.size());
  }
  return parts;
}

}  // namespace agewise::serve
