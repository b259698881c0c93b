#include "agewise/base/unicode.h"

#include <iconv.h>
#include <utf8proc.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace agewise::base {

std::optional<std::string> to_utf8(std::string_view text, const char* encoding) {
  iconv_t conversion = iconv_open("UTF-8", encoding);
  if (reinterpret_cast<std::intptr_t>(conversion) == -1) return std::nullopt;
  std::string converted(text.size() * 2 + 16, '\0');
  char *in = const_cast<char*>(text.data()), *out = converted.data();
  std::size_t in_left = text.size(), out_left = converted.size();
  bool done = false;
  while (!(done = iconv(conversion, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1)) &&
         errno == E2BIG) {
    std::size_t filled = static_cast<std::size_t>(out - converted.data());
    converted.resize(2 * converted.size());
    out = converted.data() + filled;
    out_left = converted.size() - filled;
  }
  iconv_close(conversion);
  converted.resize(converted.size() - out_left);
  return done ? std::optional(std::move(converted)) : std::nullopt;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t letter = 0;
    utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &letter);
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::string composed(std::string_view text) {
  bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return std::string(text);
  utf8proc_uint8_t* mapped = nullptr;
  utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (size < 0) return std::string(text);
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

}  // namespace agewise::base
