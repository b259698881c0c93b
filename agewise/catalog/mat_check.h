// A guard in front of matio, which trusts the lengths in a file.
#pragma once
#include <filesystem>

namespace agewise {

// Walks every element of a MAT v5 file (MathWorks, "MAT-File Format", ch. 1) and checks that each lies within its
// parent, that numbers are as many as their dimensions say, and that there is nothing but structs, cells, text and real
// numbers, as in IMDB-WIKI's files. Reads the file once, in little memory. Throws Error naming the file.
void check_mat_structure(const std::filesystem::path& file);

}  // namespace agewise
