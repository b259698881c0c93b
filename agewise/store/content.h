// The rules by which contents of stores are told apart. A rule stays as it is for ever: runs keep what it gave.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agewise/store/store.h"

namespace agewise::store {

// Rule 2, "2:" and 32 digits. `checksums` are those of the faces' pixels as they are stored, in the order of `faces`.
std::string content_of(const recipe::FaceRecipe& recipe, std::span<const FaceRecord> faces,
                       std::span<const std::uint64_t> checksums);

// Rule 1, 32 digits, of before version 2 of the store: pixels do not count, but all of the recipe does, in the text
// that lies in the store.
std::string first_content_of(const std::string& recipe, const std::string& labels, std::span<const FaceRecord> faces);

}  // namespace agewise::store
