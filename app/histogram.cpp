#include "app/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/terminal.h"

namespace agewise::app {
namespace {

constexpr std::size_t kMostRanges = 30;

}  // namespace

Histogram decades(const std::string& title, const std::vector<double>& ages) {
  std::map<int, std::int64_t> counts;
  std::int64_t unknown = 0;
  for (double age : ages) std::isfinite(age) ? ++counts[static_cast<int>(std::floor(age / 10))] : ++unknown;
  Histogram histogram{title, {}};
  for (const auto& [decade, count] : counts)
    histogram.counts.emplace_back(fmt::format("{}–{}", 10 * decade, 10 * decade + 9), count);
  if (unknown > 0) histogram.counts.emplace_back("unknown", unknown);
  return histogram;
}

Histogram age_ranges(const std::string& title, const std::vector<age::Range>& ranges) {
  std::map<std::pair<double, double>, std::int64_t> counts;
  for (const age::Range& range : ranges) ++counts[{range.low, range.high}];
  Histogram histogram{title, {}};
  for (const auto& [ends, count] : counts)
    histogram.counts.emplace_back(age::to_text({ends.first, ends.second}), count);
  if (counts.size() <= kMostRanges) return histogram;
  std::vector<double> lows;
  for (const age::Range& range : ranges) lows.push_back(range.low);
  return decades(title + ", from", lows);
}

std::string to_text(const Histogram& histogram) {
  constexpr std::int64_t kLongestBar = 40;
  std::int64_t largest = 1;
  for (const auto& [name, count] : histogram.counts) largest = std::max(largest, count);
  std::vector<std::vector<std::string>> rows{{histogram.title, "count", ""}};
  for (const auto& [name, count] : histogram.counts) {
    std::string bar;
    for (std::int64_t i = 0; i < (count * kLongestBar + largest - 1) / largest; ++i) bar += "▪";
    rows.push_back({name, with_thousands(static_cast<std::uint64_t>(count)), bar});
  }
  return table(rows);
}

nlohmann::ordered_json to_json(const Histogram& histogram) {
  nlohmann::ordered_json counts = nlohmann::ordered_json::object();
  for (const auto& [name, count] : histogram.counts) counts[name] = count;
  return counts;
}

}  // namespace agewise::app
