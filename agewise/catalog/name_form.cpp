// Which form the names of many pictures have.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agewise/base/error.h"
#include "agewise/catalog/names.h"

namespace agewise::catalog {
namespace {

bool fit(std::size_t fitting, std::size_t all) { return fitting > 0 && 10 * fitting >= 9 * all; }

// Whether two rows say the same of an age, be it by a date.
bool same_age(const CatalogRow& a, const CatalogRow& b) {
  double left = age_of(a, recipe::AgeRule::mid_year), right = age_of(b, recipe::AgeRule::mid_year);
  return (left == right || (std::isnan(left) && std::isnan(right))) && a.age_range == b.age_range;
}

std::string age_said(const CatalogRow& row) {
  if (row.age_range) return fmt::format("age {}", to_text(*row.age_range));
  double age = age_of(row, recipe::AgeRule::mid_year);
  return std::isnan(age) ? "no age" : fmt::format("age {}", age);
}

[[noreturn]] void refuse_two(const std::string& origin, const NameForm& a, const NameForm& b, const std::string& path) {
  throw base::Error(
      fmt::format("{}: the file names can be read in two ways: for {}, {} ({}) means {}, but {} ({}) means {}; choose "
                  "with --names {} or --names {}",
                  origin, path, a.title, a.pattern, age_said(a.read(path)), b.title, b.pattern, age_said(b.read(path)),
                  a.key, b.key));
}

[[noreturn]] void refuse_all(const std::string& origin, std::span<const std::string> paths,
                             const std::vector<std::size_t>& fitting) {
  std::string known;
  for (std::size_t i = 0; i < name_forms().size(); ++i) {
    known += fmt::format("{}{} {}", i == 0 ? "" : ", ", name_forms()[i].title, name_forms()[i].pattern);
    if (fitting[i] > 0) known += fmt::format(" (fits {} of {})", fitting[i], paths.size());
  }
  throw base::Error(
      fmt::format("{}: no known form of file names fits nine tenths of its {} files (such as {}); known forms are {}. "
                  "Choose one with --names, or write a CSV file with the columns file and age",
                  origin, paths.size(), paths.front(), known));
}

}  // namespace

const NameForm& form_of(std::span<const std::string> paths, const std::string& origin) {
  std::span<const NameForm> forms = name_forms();
  std::vector<std::size_t> fitting(forms.size());
  std::vector<const NameForm*> candidates;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    fitting[i] = static_cast<std::size_t>(std::count_if(paths.begin(), paths.end(), forms[i].fits));
    if (fit(fitting[i], paths.size())) candidates.push_back(&forms[i]);
  }
  if (candidates.empty()) refuse_all(origin, paths, fitting);
  const NameForm& first = *candidates[0];
  for (const NameForm* other : std::span(candidates).subspan(1)) {
    for (const std::string& path : paths) {
      if (!first.fits(path) || !other->fits(path) || (other == &forms.back() && first.explains_folder(path))) continue;
      if (!same_age(first.read(path), other->read(path))) refuse_two(origin, first, *other, path);
    }
  }
  return first;
}

const NameForm* form_of_files(std::span<const CatalogRow> rows) {
  for (const NameForm& form : name_forms().first(name_forms().size() - 1)) {
    std::size_t fitting = 0;
    for (const CatalogRow& row : rows) fitting += form.fits(row.file) ? 1 : 0;
    if (fit(fitting, rows.size())) return &form;
  }
  return nullptr;
}

}  // namespace agewise::catalog
