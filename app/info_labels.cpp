// agewise info LABELS: how many rows a label file has, what screening does to them, without any picture.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/catalog/screen.h"
#include "app/histogram.h"
#include "app/info.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

// RFC 4180: quoted where it must be.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string_view word(catalog::Gender gender) {
  return gender == catalog::Gender::male ? "male" : gender == catalog::Gender::female ? "female" : "";
}

// Columns that `prepare --labels` reads back.
void write_list(const std::string& file, const std::vector<const catalog::CatalogRow*>& kept,
                const std::vector<double>& ages, const std::vector<catalog::Split>& splits) {
  std::string text = "file,age,gender,race,person,source,split\n";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const catalog::CatalogRow& row = *kept[i];
    text += fmt::format("{},{},{},{},{},{},{}\n", csv_field(row.file), ages[i], word(row.gender), csv_field(row.race),
                        csv_field(row.person), csv_field(row.source), catalog::name_of(splits[i]));
  }
  base::write_file(file, text);
}

Histogram genders(const std::vector<const catalog::CatalogRow*>& rows) {
  Histogram histogram{"gender", {{"female", 0}, {"male", 0}, {"unknown", 0}}};
  for (const catalog::CatalogRow* row : rows)
    ++histogram.counts[row->gender == catalog::Gender::female ? 0
                       : row->gender == catalog::Gender::male ? 1
                                                              : 2]
          .second;
  return histogram;
}

Histogram parts(const std::vector<catalog::Split>& splits) {
  Histogram histogram{"part", {}};
  for (catalog::Split part : {catalog::Split::train, catalog::Split::val, catalog::Split::test}) {
    std::int64_t count = std::count(splits.begin(), splits.end(), part);
    if (count > 0) histogram.counts.emplace_back(catalog::name_of(part), count);
  }
  return histogram;
}

}  // namespace

void info_labels(const InfoOptions& options) {
  recipe::Recipe recipe = load(options.recipe);
  catalog::Catalog catalog = catalog::read_labels(options.path);
  std::vector<const catalog::CatalogRow*> kept;
  std::vector<double> ages;
  std::map<catalog::Reason, std::int64_t> reasons;
  for (const catalog::CatalogRow& row : catalog.rows) {
    catalog::Reason reason = catalog::screen(row, recipe.screen);
    if (reason != catalog::Reason::none) {
      ++reasons[reason];
      continue;
    }
    kept.push_back(&row);
    ages.push_back(catalog::age_of(row, recipe.screen.age_rule));
  }
  std::vector<catalog::Split> splits = catalog::assign_splits(kept, recipe.split);
  if (!options.list.empty()) write_list(options.list, kept, ages, splits);
  Histogram rejects{"rejected because of", {}};
  for (const auto& [reason, count] : reasons) rejects.counts.emplace_back(catalog::describe(reason), count);
  if (options.json) {
    print_json({{"kind", catalog.kind},
                {"recipe", recipe.name},
                {"rows", catalog.rows.size()},
                {"kept", kept.size()},
                {"rejects", to_json(rejects)},
                {"ages", to_json(decades("age", ages))},
                {"genders", to_json(genders(kept))},
                {"parts", to_json(parts(splits))}});
    return;
  }
  print(fmt::format("{}: {}, {} rows; screened by recipe {}, {} are kept\n", options.path.string(), catalog.kind,
                    with_thousands(catalog.rows.size()), recipe.name, with_thousands(kept.size())));
  for (const Histogram& histogram : {rejects, decades("age", ages), genders(kept), parts(splits)}) {
    if (!histogram.counts.empty()) print("\n" + to_text(histogram));
  }
}

}  // namespace agewise::app
