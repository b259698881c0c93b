// Texts as machines compare them.
#pragma once
#include <string>
#include <string_view>

namespace agewise::base {

// A … Z as a … z; all other bytes stay, whatever the locale.
std::string lower(std::string_view text);

}  // namespace agewise::base
