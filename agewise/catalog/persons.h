// Pictures that belong together: of one person, or of one group of duplicates.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace agewise::catalog {

// The indices of `persons` gathered by name, groups in the order of their first and ascending within. Who has no name
// is alone.
std::vector<std::vector<std::size_t>> by_person(std::span<const std::string_view> persons);

}  // namespace agewise::catalog
