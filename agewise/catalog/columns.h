// Which column of a label table says what.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agewise::catalog {

enum class Column {
  file,
  age,      // or, where the table has no column with an age, a column of ranges
  age_low,  // the two ends of a range
  age_high,
  age_sigma,  // deviation of the apparent age, years
  real_age,   // beside an apparent age
  born,       // MATLAB day number
  taken,      // year
  gender,
  race,
  person,
  split,
  source,
  conflict,  // how far apart the labels of the same picture lie, years
  left,      // the face in its picture: pixels from 0, right and bottom exclusive
  top,
  right,
  bottom,
  face_id,  // Adience: which face of the photograph
};
inline constexpr std::size_t kColumns = 19;

// What --columns calls a column: "file", "age", "dob" …; nothing for another word.
std::optional<Column> column_named(std::string_view name);
std::string_view name_of(Column column);

// By our name the table's own: {"file", "photo"}, of --columns; instead of a name, a column's number from 1 on.
using ColumnNames = std::map<std::string, std::string>;

// "file=photo,age=years". Throws UsageError for anything else, and for names of ours that there are not.
ColumnNames parse_columns(std::string_view text);
std::string to_text(const ColumnNames& columns);

// Where each column stands in the table, from 0; nothing where it has none.
struct Layout {
  std::array<std::optional<std::size_t>, kColumns> place;
  std::size_t width = 0;   // columns of the table
  bool adience = false;    // pictures are named by user_id, face_id and original_image
  bool by_number = false;  // --columns counts the columns: the first record may be a face already

  std::optional<std::size_t> operator[](Column column) const { return place[static_cast<std::size_t>(column)]; }
  bool has(Column column) const { return (*this)[column].has_value(); }
  std::size_t found() const;  // how many of ours the table has
  bool is_complete() const;   // a file, and an age in one of its forms
};

// Finds ours among the names of a header by the names that published tables give them, in any case, blanks and hyphens
// as underscores: file also "path", "filename", "img_name", "image", "photo", "img_paths", "full_path"; age also
// "ages", "real_age", "age_group" … (docs/labels.md lists all). `wanted` goes before all of that. Throws nothing: what
// is missing is missing.
Layout layout_of(const std::vector<std::string>& header, const ColumnNames& wanted);

// What `wanted` names and the header does not have, as --columns says it: "file=photo"; empty if it has all.
std::string missing_of(const std::vector<std::string>& header, const ColumnNames& wanted);

}  // namespace agewise::catalog
