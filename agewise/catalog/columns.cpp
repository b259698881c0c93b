#include "agewise/catalog/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/text.h"

namespace agewise::catalog {
namespace {

// Ours, its own name and the usual ones; of several that a table has the first is taken.
struct Usual {
  Column column;
  std::vector<std::string_view> names;
};

const std::vector<Usual>& usual_names() {
  static const std::vector<Usual> kUsual{
      {Column::file,
       {"file",     "path",      "filename", "file_name",  "filepath",   "file_path",  "full_path",  "img_name",
        "img_path", "img_paths", "image",    "image_name", "image_path", "image_file", "img",        "img_file",
        "photo",    "picture",   "files",    "paths",      "filenames",  "images",     "full_paths", "original_image"}},
      {Column::age,
       {"age", "ages", "apparent_age_avg", "apparent_age", "apparent_age_mean", "age_years", "age_in_years", "mean"}},
      {Column::age_low, {"age_low", "age_min", "min_age", "low_age"}},
      {Column::age_high, {"age_high", "age_max", "max_age", "high_age"}},
      {Column::age_sigma, {"age_sigma", "apparent_age_std", "stdv", "age_std"}},
      {Column::real_age, {"real_age", "real_ages"}},
      {Column::born, {"dob"}},
      {Column::taken, {"photo_taken"}},
      {Column::gender, {"gender", "genders", "sex"}},
      {Column::race, {"race", "races", "ethnicity"}},
      {Column::person, {"person", "group", "person_id", "identity", "subject", "subject_id", "user_id", "id_num"}},
      {Column::split, {"split"}},
      {Column::source, {"source"}},
      {Column::conflict, {"label_conflict_years"}},
      {Column::left, {"left", "x_min", "xmin", "face_x0"}},
      {Column::top, {"top", "y_min", "ymin", "face_y0"}},
      {Column::right, {"right", "x_max", "xmax", "face_x1"}},
      {Column::bottom, {"bottom", "y_max", "ymax", "face_y1"}},
      {Column::face_id, {"face_id"}},
  };
  return kUsual;
}

constexpr std::array<std::string_view, 6> kRanges{"age_group",  "age_range", "age_bin",
                                                  "age_bucket", "age_band",  "agegroup"};

// " Image-Path " is "image_path", "Age (years)" is "age_years".
std::string plain(std::string_view name) {
  std::string text;
  for (char c : base::lower(name)) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (letter) {
      text += c;
    } else if (!text.empty() && text.back() != '_') {
      text += '_';
    }
  }
  if (text.ends_with('_')) text.pop_back();
  return text;
}

// "Sex (M/F)" is "Sex ".
std::string_view without_brackets(std::string_view name) { return name.substr(0, name.find_first_of("([")); }

std::optional<std::size_t> place_of(const std::vector<std::string>& header, std::string_view name) {
  auto is = [&](const std::string& own) { return own == name || plain(own) == plain(name); };
  auto is_before_brackets = [&](const std::string& own) { return plain(without_brackets(own)) == plain(name); };
  auto place = std::find_if(header.begin(), header.end(), is);
  if (place == header.end()) place = std::find_if(header.begin(), header.end(), is_before_brackets);
  if (place == header.end()) return std::nullopt;
  return static_cast<std::size_t>(place - header.begin());
}

// A column's number from 1 on, as an index from 0.
std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number - 1;
}

std::optional<std::size_t> wanted_place(const std::vector<std::string>& header, std::string_view name) {
  if (std::optional<std::size_t> place = place_of(header, name)) return place;
  std::optional<std::size_t> number = number_of(name);
  return number && *number < header.size() ? number : std::nullopt;
}

template <class Names>
std::optional<std::size_t> first_of(const std::vector<std::string>& header, const Names& names) {
  for (std::string_view name : names) {
    if (std::optional<std::size_t> place = place_of(header, name)) return place;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Column> column_named(std::string_view name) {
  for (const Usual& usual : usual_names()) {
    if (usual.names.front() == name && usual.column != Column::face_id) return usual.column;
  }
  return std::nullopt;
}

std::string_view name_of(Column column) {
  for (const Usual& usual : usual_names()) {
    if (usual.column == column) return usual.names.front();
  }
  return "?";
}

ColumnNames parse_columns(std::string_view text) {
  ColumnNames columns;
  while (!text.empty()) {
    std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    std::size_t middle = one.find('=');
    std::string_view ours = one.substr(0, middle);
    if (middle == std::string_view::npos || middle + 1 == one.size() || !column_named(ours)) {
      std::vector<std::string_view> all;
      for (const Usual& usual : usual_names())
        if (usual.column != Column::face_id) all.push_back(usual.names.front());
      throw base::UsageError(
          fmt::format("--columns {}: expected pairs such as file=photo,age=years, with one of {} before the = and the "
                      "name or number of a column of the table after it",
                      one, fmt::join(all, ", ")));
    }
    columns[std::string(ours)] = one.substr(middle + 1);
  }
  return columns;
}

std::string to_text(const ColumnNames& columns) {
  std::vector<std::string> pairs;
  for (const auto& [ours, theirs] : columns) pairs.push_back(ours + "=" + theirs);
  return fmt::format("{}", fmt::join(pairs, ","));
}

std::size_t Layout::found() const {
  return static_cast<std::size_t>(
      std::count_if(place.begin(), place.end(), [](const auto& p) { return p.has_value(); }));
}

bool Layout::is_complete() const {
  bool dated = has(Column::born) && has(Column::taken);
  return has(Column::file) && (has(Column::age) || has(Column::age_low) || has(Column::age_high) || dated);
}

Layout layout_of(const std::vector<std::string>& header, const ColumnNames& wanted) {
  Layout layout;
  layout.width = header.size();
  for (const Usual& usual : usual_names())
    layout.place[static_cast<std::size_t>(usual.column)] = first_of(header, usual.names);
  auto at = [&](Column column) -> std::optional<std::size_t>& {
    return layout.place[static_cast<std::size_t>(column)];
  };
  if (!at(Column::age) && !wanted.contains("age")) {
    at(Column::age) = std::exchange(at(Column::real_age), std::nullopt);
    if (!at(Column::age)) at(Column::age) = first_of(header, kRanges);
  }
  for (const auto& [ours, theirs] : wanted) {
    Column column = *column_named(ours);
    at(column) = wanted_place(header, theirs);
    layout.by_number = layout.by_number || (!place_of(header, theirs) && at(column));
  }
  layout.adience = !wanted.contains("file") && at(Column::face_id) && place_of(header, "user_id") &&
                   at(Column::file) == place_of(header, "original_image");
  if (!layout.adience) at(Column::face_id).reset();
  return layout;
}

std::string missing_of(const std::vector<std::string>& header, const ColumnNames& wanted) {
  for (const auto& [ours, theirs] : wanted) {
    if (!wanted_place(header, theirs)) return ours + "=" + theirs;
  }
  return "";
}

}  // namespace agewise::catalog
