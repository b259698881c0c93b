#include "agewise/catalog/catalog.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <span>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/labels.h"

namespace agewise::catalog {
namespace {

constexpr std::uint64_t kLargestNameList = std::uint64_t{1} << 30;  // bytes

std::string beginning_of(const std::filesystem::path& file) {
  base::MappedFile content = base::MappedFile::read_only(file);  // unlike a stream, it leaves a pipe's bytes for others
  std::span<const std::byte> head = content.bytes().first(std::min<std::size_t>(4096, content.bytes().size()));
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

// Also a folder's, with which `tar -t` begins.
bool looks_like_names(const std::string& line) {
  if (line.ends_with('/')) return true;
  std::size_t begin = line.find_last_of('/') + 1, digits = begin;
  while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits])) != 0) ++digits;
  return digits > begin && digits < line.size() && line[digits] == '_' && line.find(',') == std::string::npos;
}

bool is_text(const std::string& line) {
  for (unsigned char c : line) {
    if (c < 0x20 && c != '\t' && c != '\r') return false;
  }
  return !line.empty();
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

Catalog read_labels(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file)) return read_utkface_folder(file);
  std::string head = beginning_of(file);
  if (head.empty()) throw base::file_error(file, "is empty");
  std::string line = head.substr(0, head.find('\n'));
  if (line.starts_with("MATLAB ") || line.starts_with("\x89HDF")) return read_imdb_wiki(file);
  if (is_text(line) && (line.find(',') != std::string::npos || is_lap_2015(line))) return read_csv(file);
  if (is_text(line) && looks_like_names(line)) return parse_utkface_names(base::read_text_file(file, kLargestNameList));
  throw base::file_error(file,
                         "is no label file: expected IMDB-WIKI's .mat, a CSV with a header, or UTKFace's file names");
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
