// agewise info LABELS: how many rows a label file has, what screening does to them, without any picture.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/catalog/screen.h"
#include "app/histogram.h"
#include "app/info.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

std::string_view word(catalog::Gender gender) {
  return gender == catalog::Gender::male ? "male" : gender == catalog::Gender::female ? "female" : "";
}

// What screening leaves of a label file.
struct Kept {
  std::vector<const catalog::CatalogRow*> rows;
  std::vector<double> ages;                                      // of the rows; NaN where only a range is known
  std::map<catalog::Reason, std::int64_t> reasons;               // of the others
  std::map<catalog::Reason, std::vector<std::string>> examples;  // cells that could not be read, a few a reason
  bool ranges = false;                                           // some of the ages are ranges
};

Kept screened(const catalog::Catalog& catalog, const recipe::ScreenRecipe& recipe) {
  constexpr std::size_t kMostExamples = 3;
  Kept kept;
  for (const catalog::CatalogRow& row : catalog.rows) {
    catalog::Reason reason = catalog::screen(row, recipe);
    if (reason == catalog::Reason::none) {
      kept.rows.push_back(&row);
      kept.ages.push_back(catalog::age_of(row, recipe.age_rule));
      kept.ranges = kept.ranges || std::isnan(kept.ages.back());
      continue;
    }
    ++kept.reasons[reason];
    if (row.fault_detail.empty()) continue;
    std::vector<std::string>& examples = kept.examples[reason];
    bool is_new = std::find(examples.begin(), examples.end(), row.fault_detail.str()) == examples.end();
    if (is_new && examples.size() < kMostExamples) examples.push_back(row.fault_detail.str());
  }
  return kept;
}

std::string ends_of(const catalog::CatalogRow& row, double age) {
  if (!std::isnan(age)) return ",";
  const age::Range& range = *row.age_range;
  return range.is_open() ? fmt::format("{},", range.low) : fmt::format("{},{}", range.low, range.high);
}

// Columns that `prepare --labels` reads back.
void write_list(const std::string& file, const Kept& kept, const std::vector<catalog::Split>& splits) {
  std::string text =
      fmt::format("file,age,{}gender,race,person,source,split\n", kept.ranges ? "age_low,age_high," : "");
  for (std::size_t i = 0; i < kept.rows.size(); ++i) {
    const catalog::CatalogRow& row = *kept.rows[i];
    text += fmt::format("{},{},", csv_field(row.file), std::isnan(kept.ages[i]) ? "" : fmt::format("{}", kept.ages[i]));
    if (kept.ranges) text += ends_of(row, kept.ages[i]) + ",";
    text += fmt::format("{},{},{},{},{}\n", word(row.gender), csv_field(row.race), csv_field(row.person),
                        csv_field(row.source), catalog::name_of(splits[i]));
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

std::vector<Histogram> histograms_of(const Kept& kept, const std::vector<catalog::Split>& splits) {
  Histogram rejects{"rejected because of", {}};
  for (const auto& [reason, count] : kept.reasons) rejects.counts.emplace_back(catalog::describe(reason), count);
  std::vector<age::Range> ranges;
  std::vector<double> ages;
  for (std::size_t i = 0; i < kept.rows.size(); ++i) {
    std::isnan(kept.ages[i]) ? ranges.push_back(*kept.rows[i]->age_range) : ages.push_back(kept.ages[i]);
  }
  return {rejects, decades("age", ages), age_ranges("age known as a range", ranges), genders(kept.rows), parts(splits)};
}

void print_as_json(const catalog::Catalog& catalog, const recipe::Recipe& recipe, const Kept& kept,
                   const std::vector<Histogram>& histograms) {
  nlohmann::ordered_json examples = nlohmann::ordered_json::object();
  for (const auto& [reason, cells] : kept.examples) examples[std::string(catalog::describe(reason))] = cells;
  print_json({{"kind", catalog.kind},
              {"read_as", catalog.reading},
              {"recipe", recipe.name},
              {"rows", catalog.rows.size()},
              {"kept", kept.rows.size()},
              {"rejects", to_json(histograms[0])},
              {"examples", examples},
              {"ages", to_json(histograms[1])},
              {"age_ranges", to_json(histograms[2])},
              {"genders", to_json(histograms[3])},
              {"parts", to_json(histograms[4])},
              {"notes", catalog.notes}});
}

}  // namespace

void info_labels(const InfoOptions& options) {
  recipe::Recipe recipe = load(options.recipe);
  catalog::Catalog catalog = catalog::read_labels(options.path, label_options(options.labels));
  Kept kept = screened(catalog, recipe.screen);
  std::vector<catalog::Split> splits = catalog::assign_splits(kept.rows, recipe.split);
  if (!options.list.empty()) write_list(options.list, kept, splits);
  std::vector<Histogram> histograms = histograms_of(kept, splits);
  if (options.json) return print_as_json(catalog, recipe, kept, histograms);
  print(fmt::format("{}: {}, {} rows; screened with recipe {}, {} are kept\n", options.path.string(), catalog.kind,
                    with_thousands(catalog.rows.size()), recipe.name, with_thousands(kept.rows.size())));
  if (!catalog.reading.empty()) print(fmt::format("read as: {}\n", catalog.reading));
  for (const Histogram& histogram : histograms) {
    if (!histogram.counts.empty()) print("\n" + to_text(histogram));
  }
  for (const auto& [reason, cells] : kept.examples)
    print(fmt::format("\n{}, for example: {}\n", catalog::describe(reason), fmt::join(cells, ", ")));
  for (const std::string& note : catalog.notes) warn(options.path.string() + ": " + note);
}

}  // namespace agewise::app
