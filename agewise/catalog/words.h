// Words and digits that label tables use for genders and parts of the split.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

std::string_view trimmed(std::string_view text);  // without blanks and tabs at its ends

// "male", "M", "woman" …, in any case; unknown for anything else, digits among it.
Gender gender_word(std::string_view text);

// 0 or 1, also as "0.0" and "1.0", which pandas makes of a column with gaps; -1 for anything else.
std::int8_t gender_digit(std::string_view text);

// "train", "val", "test", by these words and their kin ("training", "dev") in any case; "" for nothing; nullopt for
// another word.
std::optional<std::string_view> split_word(std::string_view text);

// '/' between folders where Windows wrote '\\'.
std::string with_slashes(std::string_view path);

// A long text cut short, for people to read.
std::string shortened(std::string_view text);

// A number with a decimal point or comma; NaN for anything else.
double number_in(std::string_view text);

}  // namespace agewise::catalog
