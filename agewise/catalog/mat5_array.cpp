#include "agewise/catalog/mat5_array.h"

#include <cstring>
#include <limits>
#include <string_view>

namespace agewise::catalog::mat5 {
namespace {

template <class T>
T load(Bytes data, std::size_t i) {
  T value{};
  std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
  return value;
}

void append_utf8(std::string& text, char32_t c) {
  if ((c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) c = 0xFFFD;  // half a pair, or beyond Unicode
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (c >> 18));
    text += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string from_utf16(Bytes data) {
  std::string text;
  auto is_in = [](char32_t c, char32_t first) { return c >= first && c < first + 0x400; };
  for (std::size_t i = 0, count = data.size() / 2; i < count; ++i) {
    char32_t c = load<std::uint16_t>(data, i);
    char32_t second = i + 1 < count ? load<std::uint16_t>(data, i + 1) : 0;
    bool pair = is_in(c, 0xD800) && is_in(second, 0xDC00);
    if (pair) ++i;
    append_utf8(text, pair ? 0x10000 + ((c - 0xD800) << 10) + (second - 0xDC00) : c);
  }
  return text;
}

std::string from_utf32(Bytes data) {
  std::string text;
  for (std::size_t i = 0; i < data.size() / 4; ++i) append_utf8(text, load<std::uint32_t>(data, i));
  return text;
}

}  // namespace

std::size_t bytes_of_number(std::uint32_t type) {
  switch (type) {
    case kInt8:
    case kUint8:
      return 1;
    case kInt16:
    case kUint16:
      return 2;
    case kInt32:
    case kUint32:
    case kSingle:
      return 4;
    case kInt64:
    case kUint64:
    case kDouble:
      return 8;
    default:
      return 0;
  }
}

double number_at(const Array& array, std::size_t i) {
  switch (array.storage) {
    case kInt8:
      return load<std::int8_t>(array.data, i);
    case kUint8:
      return load<std::uint8_t>(array.data, i);
    case kInt16:
      return load<std::int16_t>(array.data, i);
    case kUint16:
      return load<std::uint16_t>(array.data, i);
    case kInt32:
      return load<std::int32_t>(array.data, i);
    case kUint32:
      return load<std::uint32_t>(array.data, i);
    case kInt64:
      return static_cast<double>(load<std::int64_t>(array.data, i));
    case kUint64:
      return static_cast<double>(load<std::uint64_t>(array.data, i));
    case kSingle:
      return load<float>(array.data, i);
    case kDouble:
      return load<double>(array.data, i);
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

std::string text_of(const Array& array) {
  if (!array.is_text) return {};
  std::string text;
  if (array.storage == kUtf16 || array.storage == kUint16)
    text = from_utf16(array.data);
  else if (array.storage == kUtf32)
    text = from_utf32(array.data);
  else
    text.assign(reinterpret_cast<const char*>(array.data.data()), array.data.size());
  text.resize(text.find_last_not_of('\0') + 1);  // a length may count more than the characters; npos + 1 is 0
  return text;
}

}  // namespace agewise::catalog::mat5
