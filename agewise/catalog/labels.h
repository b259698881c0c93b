// The readers behind read_labels, one a kind of label file (docs/labels.md has an example of each).
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "agewise/catalog/age_text.h"
#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

// IMDB-WIKI's imdb.mat or wiki.mat (facts of the format: docs/imdb-wiki.md), MAT v5. Box corners, 1-based
// and inclusive there, become our 0-based exclusive ones. A person is a name: that of celeb_id where the file has it.
// 1.2 s of one core for imdb.mat's 460,723 rows and 185 MB, little more than the rows given back.
Catalog read_imdb_wiki(const std::filesystem::path& file);

// CACD's celebrity2000_meta.mat, MAT v5: the structs celebrityImageData (name, age, identity: a picture each) and
// celebrityData (name, identity: a person each). A person is a name, as in IMDB-WIKI, so that the same person is known
// in both; where celebrityData is missing or has no such identity, "cacd" and the number.
Catalog read_cacd(const std::filesystem::path& file);

// A table with a header (columns.h says which columns are known; RFC 4180; dialect.h says how else it may be written),
// or ChaLearn LAP 2015's "image.jpg;mean;deviation" without one. `text` is UTF-8; `source` is what rows belong to that
// do not say themselves. Throws Error naming `origin` if it lacks a column that is needed, listing those that it has,
// or is quoted wrongly; a row that cannot be read has a fault. The parts of APPA-REAL, FairFace and IMDB-Clean follow
// from `source`, which is the name of their files.
Catalog parse_table(std::string_view text, const std::string& origin, const std::string& source,
                    const LabelOptions& options = {});
bool is_table(std::string_view text, const LabelOptions& options);  // by its first record

// Pictures whose paths tell their ages (names.h): one a line, of a text file (`tar -tf UTKFace.tar > names.txt` makes
// one; folders in it are passed over), or all pictures under a folder, sorted, with paths from it on. A subfolder that
// cannot be listed becomes a note.
Catalog parse_names(std::string_view text, const std::string& origin, const LabelOptions& options = {});
Catalog read_names_in(const std::filesystem::path& folder, const LabelOptions& options = {});
bool is_name_list(std::string_view text);  // by its lines

// MegaAge's pair of lists, given by either: NAME_name.txt with names and NAME_age.txt with ages, line by line. Nothing
// if the file is none of such a pair.
std::optional<Catalog> read_name_and_age_lists(const std::filesystem::path& file);

// Puts into the row what a cell said of the age: `said`, which is kept where it cannot be read.
void set_age(CatalogRow& row, const AgeText& age, std::string_view said);

std::string utkface_race(const std::string& text);  // a digit 0 … 4 to its word; anything else as it is

}  // namespace agewise::catalog
