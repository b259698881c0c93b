#include "app/coverage_text.h"

#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "agewise/evaluate/coverage.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

std::vector<std::string> row_of(const evaluate::Covered& covered) {
  return {covered.name, with_thousands(static_cast<std::uint64_t>(std::llround(covered.pictures))),
          fmt::format("{:.1f}", 100 * covered.share), fmt::format("{:.1f}", covered.width)};
}

}  // namespace

std::string coverage_table(const evaluate::Coverage& coverage, std::span<const evaluate::Coverage> sources) {
  std::vector<std::vector<std::string>> rows{{"true age", "pictures", "inside %", "years wide"}};
  for (const evaluate::Covered& decade : coverage.decades) rows.push_back(row_of(decade));
  rows.push_back(row_of(coverage.all));
  if (sources.size() > 1) {
    for (const evaluate::Coverage& source : sources) rows.push_back(row_of(source.all));
  }
  return table(rows);
}

std::string worst_text(const evaluate::Coverage& coverage) {
  const evaluate::Covered* worst = evaluate::worst_decade(coverage);
  if (worst == nullptr) return "";
  return fmt::format("fewest at {}: {:.1f} %", worst->name, 100 * worst->share);
}

}  // namespace agewise::app
