// Texts of other encodings, and one way to write each letter.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace agewise::base {

// `text`, written in `encoding` as iconv calls it, in UTF-8; nothing if it is broken or the system lacks the encoding.
std::optional<std::string> to_utf8(std::string_view text, const char* encoding);

bool is_utf8(std::string_view text);

// UTF-8 in Unicode's normal form C, in which é is one character however it was written. What is no UTF-8 stays as it
// is.
std::string composed(std::string_view text);

}  // namespace agewise::base
