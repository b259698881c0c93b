// Texts as machines compare them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace agewise::base {

// A … Z as a … z; all other bytes stay, whatever the locale.
std::string lower(std::string_view text);

// `bytes` where they are valid UTF-8 (RFC 3629). Else every byte that belongs to no valid character as \xE9 and every
// backslash doubled, so that the bytes can be told from it: what JSON, which is UTF-8, shows of such a file's name.
std::string as_utf8(std::string_view bytes);

std::string with_thousands(std::uint64_t number);  // "12,345"

}  // namespace agewise::base
