#include "agewise/base/text.h"

#include <algorithm>

namespace agewise::base {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

namespace {

bool is_continuation(std::string_view bytes, std::size_t place) {
  return place < bytes.size() && (static_cast<unsigned char>(bytes[place]) & 0xC0) == 0x80;
}

// Bytes of the character that `bytes` begins with, not empty; 0 where it begins with none. Overlong forms, surrogates
// and what is beyond U+10FFFF are none.
std::size_t character_length(std::string_view bytes) {
  auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return 1;
  std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(bytes, i)) return 0;
  }
  auto second = static_cast<unsigned char>(bytes[1]);
  bool outside = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                 (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return outside ? 0 : length;
}

std::string escaped(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  while (!bytes.empty()) {
    std::size_t length = character_length(bytes);
    auto byte = static_cast<unsigned char>(bytes[0]);
    if (length == 0) text.append("\\x").append({kDigits[byte >> 4], kDigits[byte & 15]});
    if (byte == '\\') text += '\\';
    text += bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(1, length));
  }
  return text;
}

}  // namespace

std::string as_utf8(std::string_view bytes) {
  for (std::string_view rest = bytes; !rest.empty();) {
    std::size_t length = character_length(rest);
    if (length == 0) return escaped(bytes);
    rest.remove_prefix(length);
  }
  return std::string(bytes);
}

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

}  // namespace agewise::base
