#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/text.h"
#include "agewise/catalog/labels.h"

namespace agewise::catalog {
namespace {

constexpr std::uint64_t kLargestCsv = std::uint64_t{2} << 30;  // bytes

enum class Column { file, age, age_sigma, real_age, born, taken, gender, race, person, split, source, conflict, other };

Column column_of(const std::string& name) {
  struct Named {
    const char* name;
    Column column;
  };
  for (const Named& known : std::initializer_list<Named>{{"file", Column::file},
                                                         {"age", Column::age},
                                                         {"age_sigma", Column::age_sigma},
                                                         {"dob", Column::born},
                                                         {"photo_taken", Column::taken},
                                                         {"gender", Column::gender},
                                                         {"race", Column::race},
                                                         {"group", Column::person},
                                                         {"person", Column::person},
                                                         {"split", Column::split},
                                                         {"source", Column::source},
                                                         {"label_conflict_years", Column::conflict},
                                                         {"image", Column::file},  // ChaLearn LAP 2016
                                                         {"mean", Column::age},
                                                         {"stdv", Column::age_sigma},
                                                         {"file_name", Column::file},  // APPA-REAL
                                                         {"apparent_age_avg", Column::age},
                                                         {"apparent_age_std", Column::age_sigma},
                                                         {"real_age", Column::real_age}}) {
    if (name == known.name) return known.column;
  }
  return Column::other;
}

// What is being read, a record at a time.
struct Reading {
  std::string origin, source;
  std::vector<Column> columns;
  std::vector<std::string> record;
  std::int64_t line = 0;  // records so far, the header included
  Catalog catalog;
  double conflict = kNotANumber;  // years, of the record
  std::string problem;            // the first; libcsv is C and must not be thrown through

  void fail(const std::string& what) {
    if (problem.empty()) problem = fmt::format("{}, record {}: {}", origin, line, what);
  }

  double number(const std::string& text, const char* column) {
    if (text.empty()) return kNotANumber;
    double value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      fail(fmt::format("column {}: \"{}\" is not a number", column, text));
    return value;
  }

  Gender gender(const std::string& text) {
    std::string word = base::lower(text);
    if (word == "male" || word == "m" || word == "0") return Gender::male;
    if (word == "female" || word == "f" || word == "1") return Gender::female;
    return Gender::unknown;
  }

  std::string split(const std::string& text) {
    if (text == "train" || text == "val" || text == "test" || text.empty()) return text;
    if (text == "valid" || text == "validation") return "val";
    fail(fmt::format("column split: \"{}\" is none of train, val, test", text));
    return {};
  }

  void fill(CatalogRow& row, Column column, std::string& text) {
    switch (column) {
      case Column::file:
        row.file = std::move(text);
        break;
      case Column::age:
        row.age = number(text, "age");
        break;
      case Column::age_sigma:
        row.age_sigma = number(text, "age_sigma");
        break;
      case Column::real_age:
        row.real_age = number(text, "real_age");
        break;
      case Column::born:
        row.born = number(text, "dob");
        break;
      case Column::taken:
        row.taken = number(text, "photo_taken");
        break;
      case Column::gender:
        row.gender = gender(text);
        break;
      case Column::race:
        row.race = utkface_race(text);
        break;
      case Column::person:
        row.person = text;
        break;
      case Column::split:
        row.split = split(text);
        break;
      case Column::source:
        row.source = text;
        break;
      case Column::conflict:
        conflict = number(text, "label_conflict_years");
        break;
      case Column::other:
        break;
    }
  }

  bool has(Column column) const { return std::find(columns.begin(), columns.end(), column) != columns.end(); }

  void take_header() {
    for (const std::string& name : record) columns.push_back(column_of(base::lower(name)));
    bool dated = has(Column::age) || (has(Column::born) && has(Column::taken));
    if (!has(Column::file) || !dated)
      fail("the header must name the columns file and age (or file, dob and photo_taken)");
  }

  void take_record() {
    if (record.size() != columns.size())
      return fail(fmt::format("has {} columns; the header has {}", record.size(), columns.size()));
    CatalogRow row;
    row.source = source;
    conflict = kNotANumber;
    for (std::size_t i = 0; i < columns.size(); ++i) fill(row, columns[i], record[i]);
    if (std::isnan(row.age_sigma) && conflict > 0) row.age_sigma = conflict / 2;
    while (!row.file.empty() && row.file.back() == ' ') row.file.pop_back();
    if (row.file.empty()) fail("column file is empty");
    catalog.rows.push_back(std::move(row));
  }

  void end_record() {
    ++line;
    if (problem.empty()) columns.empty() ? take_header() : take_record();
    record.clear();
  }
};

void on_field(void* text, std::size_t size, void* reading) {
  static_cast<Reading*>(reading)->record.emplace_back(text == nullptr ? "" : static_cast<const char*>(text), size);
}

void on_record(int, void* reading) { static_cast<Reading*>(reading)->end_record(); }

// The part that APPA-REAL's label files are of: gt_avg_train.csv.
std::string split_in_name(const std::string& stem) {
  if (stem == "gt_avg_train") return "train";
  if (stem == "gt_avg_valid") return "val";
  return stem == "gt_avg_test" ? "test" : "";
}

}  // namespace

bool is_lap_2015(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  return std::count(line.begin(), line.end(), ';') == 2 && line.find(',') == std::string_view::npos;
}

Catalog parse_csv(std::string_view text, const std::string& origin, const std::string& source) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reading reading{origin, source, {}, {}, 0, {{}, "CSV"}, {}};
  csv_parser parser{};
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) throw std::bad_alloc();
  if (is_lap_2015(text)) {
    csv_set_delim(&parser, ';');
    reading.columns = {Column::file, Column::age, Column::age_sigma};
    reading.catalog.kind = "ChaLearn LAP 2015";
  }
  bool parsed = csv_parse(&parser, text.data(), text.size(), on_field, on_record, &reading) == text.size() &&
                csv_fini(&parser, on_field, on_record, &reading) == 0;
  std::string fault = parsed ? "" : csv_strerror(csv_error(&parser));
  csv_free(&parser);
  if (!parsed) reading.fail("after it: " + fault);
  if (reading.problem.empty() && reading.line == 0) reading.problem = origin + ": is empty";
  if (!reading.problem.empty()) throw base::Error(reading.problem);
  return std::move(reading.catalog);
}

Catalog read_csv(const std::filesystem::path& file) {
  std::string stem = file.stem().string();
  Catalog catalog = parse_csv(base::read_text_file(file, kLargestCsv), file.string(), stem);
  std::string part = split_in_name(stem);
  for (CatalogRow& row : catalog.rows) {
    if (row.split.empty()) row.split = part;
  }
  return catalog;
}

}  // namespace agewise::catalog
