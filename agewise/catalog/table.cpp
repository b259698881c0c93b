#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <unordered_map>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/overloaded.h"
#include "agewise/base/text.h"
#include "agewise/catalog/age_text.h"
#include "agewise/catalog/dialect.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/names.h"
#include "agewise/catalog/words.h"
#include "agewise/image/kinds.h"

namespace agewise::catalog {
namespace {

constexpr std::int8_t kNoDigit = -1;

// What is being read, a record at a time.
struct Reading {
  std::string origin, source;
  Layout layout;
  Catalog catalog;
  std::vector<std::int8_t> gender_digits;  // one a row
  std::vector<std::string> record;
  std::int64_t line = 0;  // records so far
  std::int64_t header_lines = 0;
  std::string_view cell(Column column) const {
    std::optional<std::size_t> place = layout[column];
    return place && *place < record.size() ? std::string_view(record[*place]) : std::string_view();
  }

  // Trailing blank columns, which spreadsheets add, are no fault.
  bool has_right_width() {
    while (record.size() > layout.width && trimmed(record.back()).empty()) record.pop_back();
    return record.size() == layout.width;
  }

  std::string file() const {
    std::string name = with_slashes(trimmed(cell(Column::file)));
    if (!layout.adience || name.empty()) return name;
    return fmt::format("{}/landmark_aligned_face.{}.{}", trimmed(cell(Column::person)), trimmed(cell(Column::face_id)),
                       name);
  }

  void take_age(CatalogRow& row) const {
    AgeText age = read_age(cell(Column::age));
    if (!std::holds_alternative<double>(age) && (layout.has(Column::age_low) || layout.has(Column::age_high))) {
      AgeText range = read_age(cell(Column::age_low), cell(Column::age_high));
      if (!std::holds_alternative<NoAge>(range)) age = range;
    }
    set_age(row, age,
            layout.has(Column::age) ? std::string(cell(Column::age))
                                    : fmt::format("{} to {}", cell(Column::age_low), cell(Column::age_high)));
  }

  void take_dates(CatalogRow& row) const {
    if (!layout.has(Column::born) || !layout.has(Column::taken)) return;
    double born = number_in(cell(Column::born)), taken = number_in(cell(Column::taken));
    if (!std::isnan(born)) row.born = born;
    if (!std::isnan(taken)) row.taken = taken;
  }

  // Annotators mark a face that they did not find by -1 or nothing.
  void take_face(CatalogRow& row) const {
    image::Box box{number_in(cell(Column::left)), number_in(cell(Column::top)), number_in(cell(Column::right)),
                   number_in(cell(Column::bottom))};
    if (box.right > box.left && box.bottom > box.top) row.face = box;  // false for NaN
  }

  void take_deviation(CatalogRow& row) const {
    row.age_sigma = number_in(cell(Column::age_sigma));
    double conflict = number_in(cell(Column::conflict));
    if (std::isnan(row.age_sigma) && conflict > 0) row.age_sigma = conflict / 2;
  }

  void take_split(CatalogRow& row) const {
    if (std::optional<std::string_view> split = split_word(cell(Column::split))) {
      row.split = *split;
    } else {
      row.fault = Reason::unknown_part;
      row.fault_detail = shortened(cell(Column::split));
    }
  }

  void take_record() {
    CatalogRow row;
    row.source = source;
    row.file = file();
    std::int8_t digit = kNoDigit;
    if (!has_right_width()) {
      row.fault = Reason::wrong_columns;
      row.fault_detail = fmt::format("record {}: {} columns, the header has {}", line, record.size(), layout.width);
    } else if (row.file.empty()) {
      row.fault = Reason::no_file_named;
      row.fault_detail = fmt::format("record {}", line);
    } else {
      take_age(row);
      take_dates(row);
      take_deviation(row);
      take_face(row);
      take_split(row);
      row.real_age = number_in(cell(Column::real_age));
      row.gender = gender_word(cell(Column::gender));
      digit = gender_digit(cell(Column::gender));
      row.race = trimmed(cell(Column::race));
      row.person = trimmed(cell(Column::person));
      if (layout.has(Column::source)) row.source = trimmed(cell(Column::source));
    }
    gender_digits.push_back(digit);
    catalog.rows.push_back(std::move(row));
  }

  void end_record() {
    if (++line > header_lines) take_record();
    record.clear();
  }
};

void on_field(void* text, std::size_t size, void* reading) {
  static_cast<Reading*>(reading)->record.emplace_back(text == nullptr ? "" : static_cast<const char*>(text), size);
}

void on_record(int, void* reading) { static_cast<Reading*>(reading)->end_record(); }

void read_records(std::string_view text, char delimiter, Reading& reading) {
  csv_parser parser{};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
  csv_set_delim(&parser, static_cast<unsigned char>(delimiter));
  bool parsed = csv_parse(&parser, text.data(), text.size(), on_field, on_record, &reading) == text.size() &&
                csv_fini(&parser, on_field, on_record, &reading) == 0;
  bool memory = csv_error(&parser) == CSV_ENOMEM;
  csv_free(&parser);
  if (memory) throw std::bad_alloc();
  if (!parsed)
    throw base::Error(
        fmt::format("{}, record {}: a quotation mark (\") is not closed, or is inside an unquoted field; quote the "
                    "whole field and double the quotation marks in it",
                    reading.origin, reading.line + 1));
}

bool is_lap_2015(std::string_view text) {
  std::string_view line = first_line(text);
  if (std::count(line.begin(), line.end(), ';') != 2 || line.find(',') != std::string_view::npos) return false;
  std::vector<std::string> fields = first_record(text, ';');
  return fields.size() == 3 && !std::isnan(number_in(fields[1])) && !std::isnan(number_in(fields[2]));
}

std::string quoted(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", shortened(names[i]));
  return names.size() > kMost ? text + ", …" : text;
}

// Which column most likely holds file names or ages, by the first row under the header.
std::string likely_columns(std::string_view text, const Dialect& dialect, const Layout& layout) {
  std::string_view rows = text.substr(std::min(text.size(), dialect.skip));
  rows.remove_prefix(std::min(rows.size(), first_line(rows).size()));
  rows.remove_prefix(std::min(rows.size(), rows.find_first_not_of("\r\n")));
  std::vector<std::string> row = first_record(rows, dialect.delimiter);
  row.resize(dialect.header.size());
  auto is_picture = [](const std::string& cell) { return image::has_picture_ending(with_slashes(trimmed(cell))); };
  auto is_age = [](const std::string& cell) {
    AgeText age = read_age(cell);
    const auto* years = std::get_if<double>(&age);
    return (years != nullptr && *years <= 125) || std::holds_alternative<age::Range>(age);
  };
  auto place = [&](auto is, std::size_t otherwise) {
    auto found = std::find_if(row.begin(), row.end(), is);
    return found == row.end() ? otherwise : static_cast<std::size_t>(found - row.begin());
  };
  std::size_t file = layout[Column::file].value_or(place(is_picture, 0));
  std::size_t age = layout[Column::age].value_or(place(is_age, dialect.header.size() - 1));
  return fmt::format("--columns file={},age={} (or by number, --columns file={},age={})", dialect.header[file],
                     dialect.header[age], file + 1, age + 1);
}

// A table is refused as a whole only for this.
void check_columns(std::string_view text, const std::string& origin, const Dialect& dialect, const Layout& layout,
                   const ColumnNames& wanted) {
  if (std::string missing = missing_of(dialect.header, wanted); !missing.empty())
    throw base::Error(fmt::format("{}: --columns {}: there is no such column; the columns are {}", origin, missing,
                                  quoted(dialect.header)));
  if (layout.is_complete()) return;
  std::string_view lacks = layout.has(Column::file) ? "the age" : "the file name";
  if (!layout.has(Column::file) && !layout.has(Column::age)) lacks = "the file name and which the age";
  throw base::Error(fmt::format("{}: cannot tell which of its columns ({}) holds {}; name it, for example {}", origin,
                                quoted(dialect.header), lacks, likely_columns(text, dialect, layout)));
}

// With columns given by number there need be no header: the first record counts if its age is one.
bool begins_with_header(const Dialect& dialect, const Layout& layout) {
  std::optional<std::size_t> age = layout[Column::age];
  if (!layout.by_number || !age) return true;
  AgeText first = read_age(dialect.header[*age]);
  return !std::holds_alternative<double>(first) && !std::holds_alternative<age::Range>(first);
}

// The part of a data set that a file of labels is of, where its publisher gave each a file of its own.
struct PartFile {
  std::string_view stem, split;
  std::string_view folder;  // that holds the part's pictures, where the labels do not name it and names recur in others
};

constexpr std::array<PartFile, 8> kPartFiles{{{"gt_avg_train", "train", "train"},
                                              {"gt_avg_valid", "val", "valid"},
                                              {"gt_avg_test", "test", "test"},
                                              {"fairface_label_train", "train", ""},
                                              {"fairface_label_val", "val", ""},
                                              {"imdb_train_new_1024", "train", ""},
                                              {"imdb_valid_new_1024", "val", ""},
                                              {"imdb_test_new_1024", "test", ""}}};

void settle_part(std::vector<CatalogRow>& rows, const std::string& stem) {
  auto part = std::find_if(kPartFiles.begin(), kPartFiles.end(), [&](const PartFile& p) { return p.stem == stem; });
  if (part == kPartFiles.end()) return;
  for (CatalogRow& row : rows) {
    if (row.split.empty()) row.split = part->split;
    bool bare = !row.file.empty() && row.file.find('/') == std::string::npos;
    if (bare && !part->folder.empty()) row.file = fmt::format("{}/{}", part->folder, row.file);
  }
}

// Tables of single votes have as many rows a picture as there were voters.
void note_several_ages(Catalog& catalog) {
  std::unordered_map<std::string_view, double> first;
  std::set<std::string_view> several;
  std::string example;
  for (const CatalogRow& row : catalog.rows) {
    if (row.face || std::isnan(row.age)) continue;  // several faces of one photograph have boxes
    auto [known, is_new] = first.emplace(row.file, row.age);
    if (is_new || known->second == row.age) continue;
    if (several.empty()) example = fmt::format("{}: {} and {}", row.file, known->second, row.age);
    several.insert(row.file);
  }
  if (several.empty()) return;
  catalog.notes.push_back(
      fmt::format("{} pictures have several rows with different ages (such as {}), perhaps one row per rater; each row "
                  "becomes a separate face",
                  several.size(), example));
}

constexpr std::string_view kOfImdbWiki = "CSV of IMDB-WIKI", kOfUtkFace = "CSV of UTKFace";

std::string table_kind(const Dialect& dialect, const Layout& layout) {
  auto is = [&](const std::vector<std::string>& header) { return dialect.header == header; };
  if (layout.adience) return "Adience";
  if (is({"file", "age", "gender", "race", "service_test"})) return "FairFace";
  if (is({"genders", "ages", "img_paths"})) return std::string(kOfImdbWiki);
  if (is({"age", "ethnicity", "gender", "img_name", "pixels"})) return std::string(kOfUtkFace);
  return "CSV";
}

// "file = img_paths, age = ages": what is read, and from which column.
std::string describe_columns(const Dialect& dialect, const Layout& layout) {
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < kColumns; ++i) {
    if (layout.place[i])
      pairs.push_back(fmt::format("{} = {}", name_of(static_cast<Column>(i)), dialect.header[*layout.place[i]]));
  }
  return fmt::format("{}", fmt::join(pairs, ", "));
}

// What 1 means: as the user says, or as the data set does that the table is of. (IMDB-WIKI and UTKFace contradict each
// other.)
Gender meaning_of_one(const Catalog& catalog, const NameForm* form, const LabelOptions& options) {
  if (options.one != Gender::unknown) return options.one;
  if (catalog.kind == kOfImdbWiki) return Gender::male;
  if (catalog.kind == kOfUtkFace) return Gender::female;
  return form != nullptr ? form->one : Gender::unknown;
}

void settle_genders(Catalog& catalog, const std::vector<std::int8_t>& digits, const NameForm* form,
                    const LabelOptions& options) {
  bool of_utkface = catalog.kind == kOfUtkFace || (form != nullptr && form->key == "utkface");
  if (of_utkface) {
    for (CatalogRow& row : catalog.rows) row.race = utkface_race(row.race.str());
  }
  if (std::all_of(digits.begin(), digits.end(), [](std::int8_t digit) { return digit == kNoDigit; })) return;
  Gender one = meaning_of_one(catalog, form, options);
  if (one == Gender::unknown) {
    catalog.genders_unclear = true;
    catalog.notes.emplace_back(
        "genders are digits, and it is not known whether 1 means male (as in IMDB-WIKI) or female (as in UTKFace), so "
        "they are treated as unknown; say which with --gender 1=male or --gender 1=female");
    return;
  }
  Gender zero = one == Gender::male ? Gender::female : Gender::male;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != kNoDigit) catalog.rows[i].gender = digits[i] == 1 ? one : zero;
  }
  catalog.reading += fmt::format("; gender 1 means {}", one == Gender::male ? "male" : "female");
}

// Lists made for some training program count ages from the youngest one on, or number classes of ages: the names of the
// pictures tell.
void compare_with_names(Catalog& catalog, const NameForm* form) {
  constexpr double kTolerance = 2;  // years: rules for ages from dates differ by one
  if (form == nullptr) return;
  std::size_t compared = 0, different = 0, example = 0;
  double named = 0;
  for (std::size_t i = 0; i < catalog.rows.size(); ++i) {
    double own = catalog.rows[i].age, by_name = age_of(form->read(catalog.rows[i].file), recipe::AgeRule::mid_year);
    if (std::isnan(own) || std::isnan(by_name)) continue;
    ++compared;
    if (std::abs(own - by_name) <= kTolerance) continue;
    if (++different == 1) example = i, named = by_name;
  }
  if (2 * different <= compared) return;
  catalog.notes.push_back(
      fmt::format("{} of {} ages differ from those in the file names ({}): {} is {} in the table, but {} by its name; "
                  "does the age column hold years?",
                  different, compared, form->title, catalog.rows[example].file, catalog.rows[example].age, named));
}

}  // namespace

bool is_table(std::string_view text, const LabelOptions& options) {
  if (options.columns.empty() && is_lap_2015(text)) return true;
  Dialect dialect = dialect_of(text, options.columns);
  bool mapped = !options.columns.empty() && dialect.header.size() > 1;
  return mapped || layout_of(dialect.header, options.columns).is_complete();
}

Catalog parse_table(std::string_view text, const std::string& origin, const std::string& source,
                    const LabelOptions& options) {
  Dialect dialect;
  Reading reading{origin, source, {}, {}, {}, {}, 0, 0};
  if (options.columns.empty() && is_lap_2015(text)) {
    dialect = {';', {"file", "age", "age_sigma"}, 0};
    reading.layout = layout_of(dialect.header, {});
    reading.catalog.kind = "ChaLearn LAP 2015";
  } else {
    dialect = dialect_of(text, options.columns);
    if (dialect.header.empty()) throw base::Error(origin + ": is empty");
    reading.layout = layout_of(dialect.header, options.columns);
    check_columns(text, origin, dialect, reading.layout, options.columns);
    reading.header_lines = begins_with_header(dialect, reading.layout) ? 1 : 0;
    reading.catalog.kind = table_kind(dialect, reading.layout);
  }
  read_records(text.substr(dialect.skip), dialect.delimiter, reading);
  Catalog catalog = std::move(reading.catalog);
  settle_part(catalog.rows, source);
  const NameForm* form = form_of_files(catalog.rows);
  catalog.reading = describe_columns(dialect, reading.layout);
  settle_genders(catalog, reading.gender_digits, form, options);
  compare_with_names(catalog, form);
  note_several_ages(catalog);
  return catalog;
}

}  // namespace agewise::catalog
