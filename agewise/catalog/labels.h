// The readers behind read_labels, one a kind of label file.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

// IMDB-WIKI's imdb.mat or wiki.mat (facts of the format: docs/imdb-wiki.md), MAT v5. Box corners, 1-based
// and inclusive there, become our 0-based exclusive ones. A person is a name: that of celeb_id where the file has it.
// 1.2 s of one core for imdb.mat's 460,723 rows and 185 MB, little more than the rows given back.
Catalog read_imdb_wiki(const std::filesystem::path& file);

// CSV (RFC 4180; a byte order mark and CRLF are fine) with a header. Columns, in any order: file and age, or file with
// dob (MATLAB day) and photo_taken (year); age_sigma, real_age, gender, race, group or person, split, source,
// label_conflict_years (how far apart the labels of the same picture lie: half of it is the deviation of an age that
// has no age_sigma). gender: male, female, m, f, or UTKFace's digits, 0 male and 1 female (the opposite of
// IMDB-WIKI's); race: a word or UTKFace's digits. Other columns are passed over. The label files of
// ChaLearn LAP 2015 ("image.jpg;mean;deviation", no header) and 2016, and of APPA-REAL (the apparent age, and the real
// one beside it; the part from the file's name), are read as they are.
Catalog read_csv(const std::filesystem::path& file);
bool is_lap_2015(std::string_view text);  // by its first line
Catalog parse_csv(std::string_view text, const std::string& origin, const std::string& source);

// Names as UTKFace gives them, "[age]_[gender]_[race]_[date].jpg": of the pictures in a folder, or of a text file with
// one a line (`tar -tf UTKFace.tar > names.txt` makes one; folders in it are passed over). A name that does not begin
// so gets no age and is rejected by screening.
Catalog read_utkface_folder(const std::filesystem::path& folder);
Catalog parse_utkface_names(std::string_view text);
CatalogRow utkface_row(const std::string& name);
std::string utkface_race(const std::string& text);  // a digit 0…4 to its word; anything else as it is

}  // namespace agewise::catalog
