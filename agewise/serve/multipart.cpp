#include "agewise/serve/multipart.h"

#include "agewise/base/text.h"

namespace agewise::serve {
namespace {

constexpr std::size_t kLongestBoundary = 70, kLongestHead = 8192;  // characters; the first by RFC 2046
constexpr std::size_t kMostFields = 16;                            // of text

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

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// "UTF-8'en'na%C3%AFve" (RFC 8187, §3.2) as UTF-8; empty where it is none.
std::string extended_value(std::string_view text) {
  std::size_t first = text.find('\''), second = text.find('\'', first + 1);
  if (second == std::string_view::npos) return "";
  std::string charset = base::lower(text.substr(0, first)), value;
  bool latin = charset == "iso-8859-1";
  if (!latin && charset != "utf-8") return "";
  for (std::size_t i = second + 1; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(text[i + 2]);
      if (low < 0) return "";
      byte = static_cast<unsigned char>(high * 16 + low);
      i += 2;
    }
    if (latin && byte >= 0x80) {
      value += static_cast<char>(0xC0 | byte >> 6);
      byte = 0x80 | (byte & 0x3F);
    }
    value += static_cast<char>(byte);
  }
  return value;
}

bool holds_bytes(std::string_view content_type) {
  std::string type = base::lower(trimmed(content_type));
  return type.starts_with("image/") || type.starts_with("application/octet-stream");
}

// A part, but its content, from its own headers.
FormPart part_of(std::string_view head) {
  FormPart part;
  part.is_file = false;
  while (!head.empty()) {
    std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) throw BadForm("a header line of a part has no colon");
    std::string name = base::lower(line.substr(0, colon));
    std::string_view value = line.substr(colon + 1);
    if (name == "content-type" && holds_bytes(value)) part.is_file = true;
    if (name != "content-disposition") continue;
    part.file = extended_parameter(value, "filename");
    part.field = header_parameter(value, "name");
  }
  part.is_file = part.is_file || !part.file.empty();
  if (!part.is_file && part.field.empty()) throw BadForm("a part has neither a file nor a name");
  return part;
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

std::string extended_parameter(std::string_view header, const std::string& name) {
  std::string value = extended_value(header_parameter(header, name + "*"));
  return value.empty() ? header_parameter(header, name) : value;
}

std::vector<FormPart> parse_form(std::span<const std::byte> body, std::string_view content_type, std::size_t most) {
  std::string boundary = header_parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kLongestBoundary) throw BadForm("Content-Type has no usable boundary");
  std::string_view left(reinterpret_cast<const char*>(body.data()), body.size());
  const std::string opening = "--" + boundary, next = "\r\n" + opening;
  if (!left.starts_with(opening)) throw BadForm("the body does not begin with its boundary");
  left.remove_prefix(opening.size());
  std::vector<FormPart> parts;
  std::size_t files = 0, fields = 0;
  while (!left.starts_with("--")) {
    if (!left.starts_with("\r\n")) throw BadForm("a boundary is not followed by a new line");
    std::size_t head = left.substr(0, kLongestHead).find("\r\n\r\n");
    if (head == std::string_view::npos) throw BadForm("a part's headers do not end");
    FormPart part = part_of(left.substr(2, head < 2 ? 0 : head - 2));
    left.remove_prefix(head + 4);
    std::size_t end = left.find(next);
    if (end == std::string_view::npos) throw BadForm("the body is cut short: its last boundary is missing");
    part.content = std::as_bytes(std::span(left.data(), end));
    // A file field that was left empty is sent all the same, without a name (HTML, §4.10.21.4).
    bool left_empty = part.is_file && part.file.empty() && end == 0;
    std::size_t& count = part.is_file ? files : fields;
    if (!left_empty && ++count > (part.is_file ? most : kMostFields))
      throw BadForm("more than " + std::to_string(count - 1) + (part.is_file ? " files" : " text fields"));
    if (!left_empty) parts.push_back(std::move(part));
    left.remove_prefix(end + next.size());
  }
  return parts;
}

}  // namespace agewise::serve
