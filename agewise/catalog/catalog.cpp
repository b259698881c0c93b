#include "agewise/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/dialect.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/mat5.h"
#include "agewise/catalog/words.h"

namespace agewise::catalog {
namespace {

constexpr std::uint64_t kLargestText = std::uint64_t{2} << 30;  // bytes

std::string beginning_of(const std::filesystem::path& file) {
  base::MappedFile content = base::MappedFile::read_only(file);  // unlike a stream, it leaves a pipe's bytes for others
  std::span<const std::byte> head = content.bytes().first(std::min<std::size_t>(4096, content.bytes().size()));
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

bool is_text(std::string_view line) {
  for (unsigned char c : line) {
    if (c < 0x20 && c != '\t' && c != '\r') return false;
  }
  return !line.empty();
}

Catalog read_mat(const std::filesystem::path& file) {
  mat5::StructReader first(file, {"imdb", "wiki", "celebrityImageData"});
  return first.name() == "celebrityImageData" ? read_cacd(file) : read_imdb_wiki(file);
}

// What people give as a label file instead of one, and what to do about it; empty for all else.
std::string what_instead(std::string_view head, const std::filesystem::path& file) {
  bool zip = head.starts_with("PK\x03\x04");
  bool workbook = zip && (head.find("[Content_Types].xml") != std::string_view::npos ||
                          head.find("docProps/") < head.size() || head.find("xl/") < head.size());
  if (workbook || head.starts_with("\xD0\xCF\x11\xE0")) return "is an Excel workbook; save it as CSV";
  if (zip)
    return fmt::format(
        "is an archive; if the ages are in the names of its pictures, list the names in a file and use that: unzip -Z1 "
        "{} > names.txt",
        file.string());
  bool tar = head.size() > 262 && head.substr(257, 5) == "ustar";
  if (tar || head.starts_with("\x1F\x8B") || head.starts_with("BZh") ||
      head.starts_with("\xFD"
                       "7zXZ"))
    return fmt::format(
        "is an archive; if the ages are in the names of its pictures, list the names in a file and use that: tar -tf "
        "{} > names.txt",
        file.string());
  if (head.starts_with("PAR1")) return "is a Parquet file; convert it to CSV";
  std::string_view begin = head.substr(std::min(head.size(), head.find_first_not_of(" \t\r\n")));
  if (begin.starts_with("{\"") || begin.starts_with("[{") || begin.starts_with("[\"") || begin.starts_with("[["))
    return "is JSON; convert it to CSV with the columns file and age";
  return "";
}

[[noreturn]] void refuse(const std::filesystem::path& file) {
  throw base::file_error(
      file,
      "is not a label file; expected a table with a line of column names (such as file,age), a list of pictures with "
      "ages in their names, a folder of such pictures, or the .mat file of IMDB-WIKI or CACD");
}

// What is outside of these is a typing error; they also keep the arithmetic far from overflow.
bool is_day(double day) { return std::isfinite(day) && day >= 1 && day < 3'000'000; }
bool is_year(double year) { return std::isfinite(year) && year >= 1 && year < 8000; }
bool is_age(double age) { return std::abs(age) < 8000; }

int age_by_year(double born, double taken) {
  return static_cast<int>(taken) - base::date_of_matlab_day(static_cast<std::int64_t>(born)).year;
}

int age_by_rule(double born, double taken, recipe::AgeRule rule) {
  base::Date birth = base::date_of_matlab_day(static_cast<std::int64_t>(born));
  switch (rule) {
    case recipe::AgeRule::year_difference:
      return age_by_year(born, taken);
    case recipe::AgeRule::birth_month:
      return age_by_year(born, taken) - (birth.month >= 7 ? 1 : 0);
    case recipe::AgeRule::mid_year:
    case recipe::AgeRule::real_age:
      break;
  }
  return base::completed_years(birth, {static_cast<int>(taken), 7, 1});
}

bool takes_real_age(const CatalogRow& row, recipe::AgeRule rule) {
  return rule == recipe::AgeRule::real_age && !std::isnan(row.real_age);
}

}  // namespace

Catalog read_labels(const std::filesystem::path& file, const LabelOptions& options) {
  if (std::filesystem::is_directory(file)) return read_names_in(file, options);
  std::string head = beginning_of(file);
  if (head.empty()) throw base::file_error(file, "is empty");
  if (head.starts_with("MATLAB ") || head.starts_with("\x89HDF")) return read_mat(file);
  if (std::string stranger = what_instead(head, file); !stranger.empty()) throw base::file_error(file, stranger);
  if (std::optional<Catalog> lists = read_name_and_age_lists(file)) return *std::move(lists);
  std::string text = to_utf8(base::read_text_file(file, kLargestText), file.string());
  if (!is_text(first_line(text))) refuse(file);
  bool names = !options.names.empty() || (!is_table(text, options) && is_name_list(text));
  if (names) return parse_names(text, file.string(), options);
  if (dialect_of(text, options.columns).header.size() < 2) refuse(file);
  return parse_table(text, file.string(), file.stem().string(), options);
}

void set_age(CatalogRow& row, const AgeText& age, std::string_view said) {
  if (const auto* years = std::get_if<double>(&age)) row.age = *years;
  if (const auto* range = std::get_if<age::Range>(&age)) row.age_range = *range;
  if (!std::holds_alternative<UnreadableAge>(age)) return;
  row.fault = Reason::unreadable_age;
  row.fault_detail = shortened(said);
}

double age_of(const CatalogRow& row, recipe::AgeRule rule) {
  double stated = takes_real_age(row, rule) ? row.real_age : row.age;
  if (!std::isnan(stated)) return is_age(stated) ? stated : kNotANumber;
  if (!row.born || !row.taken || !is_day(*row.born) || !is_year(*row.taken)) return kNotANumber;
  return age_by_rule(*row.born, *row.taken, rule);
}

double age_sigma_of(const CatalogRow& row, recipe::AgeRule rule) {
  return takes_real_age(row, rule) ? kNotANumber : row.age_sigma;
}

}  // namespace agewise::catalog
