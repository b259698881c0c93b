// "Did you mean …": for error messages about names.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace agewise::base {

// Insertions, deletions and replacements of a byte that turn one into the other (Levenshtein).
int edit_distance(std::string_view a, std::string_view b);

// The known name with the smallest distance, the first of equals. `known` must not be empty.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace agewise::base
