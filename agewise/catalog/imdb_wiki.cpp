#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agewise/catalog/labels.h"
#include "agewise/catalog/mat5.h"

namespace agewise::catalog {
namespace {

// What the fields read so far say, a row for each element of the longest.
struct Columns {
  std::vector<CatalogRow> rows;
  std::vector<double> celebrities;              // of each row: the place of its person in celebrity_names, from 1
  std::vector<base::Interned> celebrity_names;  // imdb.mat has them
  std::map<std::string, std::uint64_t> counts;  // of each field's elements

  CatalogRow& row(std::size_t i) {
    if (i >= rows.size()) rows.resize(i + 1);
    return rows[i];
  }
};

std::string without_trailing_blanks(std::string text) {
  text.resize(text.find_last_not_of(" \t") + 1);  // npos + 1 is 0
  return text;
}

// [x1 y1 x2 y2], 1-based and inclusive, to a box from 0 with right and bottom exclusive.
std::optional<image::Box> box_of(const mat5::Array& cell) {
  if (cell.is_text || cell.count != 4) return {};
  image::Box box{mat5::number_at(cell, 0) - 1, mat5::number_at(cell, 1) - 1, mat5::number_at(cell, 2),
                 mat5::number_at(cell, 3)};
  bool finite =
      std::isfinite(box.left) && std::isfinite(box.top) && std::isfinite(box.right) && std::isfinite(box.bottom);
  return finite ? std::optional(box) : std::nullopt;
}

Gender gender_of(double value) { return value == 0 ? Gender::female : value == 1 ? Gender::male : Gender::unknown; }

// Other fields than those known are passed over.
void read_field(mat5::StructReader& faces, const std::string& field, Columns& to) {
  using mat5::Array;
  if (field == "dob")
    faces.numbers([&](std::size_t i, double day) { to.row(i).born = day; });
  else if (field == "photo_taken")
    faces.numbers([&](std::size_t i, double year) { to.row(i).taken = year; });
  else if (field == "gender")
    faces.numbers([&](std::size_t i, double gender) { to.row(i).gender = gender_of(gender); });
  else if (field == "face_score")
    faces.numbers([&](std::size_t i, double score) { to.row(i).face_score = score; });
  else if (field == "second_face_score")
    faces.numbers([&](std::size_t i, double score) { to.row(i).second_face_score = score; });
  else if (field == "full_path")
    faces.cells([&](std::size_t i, const Array& cell) { to.row(i).file = without_trailing_blanks(text_of(cell)); });
  else if (field == "face_location")
    faces.cells([&](std::size_t i, const Array& cell) { to.row(i).face = box_of(cell); });
  else if (field == "name")
    faces.cells([&](std::size_t i, const Array& cell) { to.row(i).person = text_of(cell); });
  else if (field == "celeb_names")
    faces.cells([&](std::size_t, const Array& cell) { to.celebrity_names.emplace_back(text_of(cell)); });
  else if (field == "celeb_id")
    faces.numbers([&](std::size_t, double place) { to.celebrities.push_back(place); });
}

// The fields that are needed are there, and those with an element a row have as many as full_path.
void check_counts(const mat5::StructReader& faces, const Columns& columns) {
  std::vector<const char*> needed{"full_path", "dob",           "photo_taken", "gender",
                                  "name",      "face_location", "face_score",  "second_face_score"};
  if (!columns.celebrity_names.empty() && columns.counts.contains("celeb_id")) needed.push_back("celeb_id");
  for (const char* field : needed)
    if (!columns.counts.contains(field)) faces.fail(field, "is missing");
  std::uint64_t rows = columns.counts.at("full_path");
  for (const char* field : needed)
    if (std::uint64_t count = columns.counts.at(field); count != rows)
      faces.fail(field, fmt::format("has {} elements; full_path has {}", count, rows));
}

// By name, not by imdb.mat's number of a celebrity: the same person may be in wiki.mat too.
void name_celebrities(Columns& columns) {
  for (std::size_t i = 0; i < columns.celebrities.size(); ++i) {
    double place = columns.celebrities[i];
    bool known = place >= 1 && place <= static_cast<double>(columns.celebrity_names.size());
    if (known) columns.rows[i].person = columns.celebrity_names[static_cast<std::size_t>(place) - 1];
  }
}

}  // namespace

Catalog read_imdb_wiki(const std::filesystem::path& file) {
  mat5::StructReader faces(file, {"imdb", "wiki"});
  Columns columns;
  while (std::optional<mat5::Field> field = faces.next()) {
    read_field(faces, field->name, columns);
    columns.counts[field->name] = field->count;
  }
  check_counts(faces, columns);
  name_celebrities(columns);
  for (CatalogRow& row : columns.rows) {
    row.source = faces.name();
    row.has_face_score = true;
  }
  return {std::move(columns.rows), "IMDB-WIKI .mat"};
}

}  // namespace agewise::catalog
