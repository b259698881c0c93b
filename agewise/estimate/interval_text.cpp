#include "agewise/estimate/interval_text.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agewise/age/range.h"
#include "agewise/base/json.h"

namespace agewise::estimate {
namespace {

using nlohmann::json;

constexpr double kMost = 1000;  // years, and scores, which are years of at least one

bool is_number(double value) { return std::abs(value) <= kMost; }  // false for NaN

bool is_band(const IntervalBand& band) {
  return std::isfinite(band.from) && is_number(band.below) && band.below >= 0 && is_number(band.above) &&
         band.above >= 0;
}

bool is_group(const AgeGroup& group) {
  return is_number(group.from) && is_number(group.low) && group.low <= 0 && is_number(group.high) && group.high >= 0;
}

bool is_sigmoid(const Sigmoid& sigmoid) {
  return is_number(sigmoid.offset) && is_number(sigmoid.slope) && sigmoid.slope > 0;
}

void check(const Intervals& intervals) {
  if (!(intervals.coverage > 0 && intervals.coverage < 1))
    throw std::invalid_argument("coverage is not between 0 and 1");
  if (intervals.bands.empty() == intervals.groups.empty())
    throw std::invalid_argument("there must be either groups or bands");
  if (!std::ranges::all_of(intervals.bands, is_band) || !std::ranges::all_of(intervals.groups, is_group))
    throw std::invalid_argument("are not intervals of ages");
  auto disordered = [](const Sigmoid& a, const Sigmoid& b) { return a.years >= b.years; };
  if (!std::ranges::all_of(intervals.at_least, is_sigmoid) ||
      std::ranges::adjacent_find(intervals.at_least, disordered) != intervals.at_least.end())
    throw std::invalid_argument("at_least are not sigmoids of ascending years");
  auto unordered = [](const AgeGroup& a, const AgeGroup& b) { return a.from >= b.from; };
  if (intervals.groups.empty()) return;
  if (intervals.groups.front().from != 0 ||
      std::ranges::adjacent_find(intervals.groups, unordered) != intervals.groups.end())
    throw std::invalid_argument("groups must begin at 0 and ascend");
}

}  // namespace

Intervals parse_intervals(std::string_view text) {
  Intervals intervals;
  try {
    json stored = base::parse_json(text);
    intervals.coverage = stored.at("coverage").get<double>();
    for (const json& group : stored.value("groups", json::array()))
      intervals.groups.push_back(
          {group.at("from").get<double>(), group.at("low").get<double>(), group.at("high").get<double>()});
    for (const json& band : stored.value("bands", json::array()))
      intervals.bands.push_back(
          {band.at("from").get<double>(), band.at("below").get<double>(), band.at("above").get<double>()});
    for (const json& sigmoid : stored.value("at_least", json::array())) {
      auto years = sigmoid.at("years").get<double>();
      if (!(years >= 0 && years <= age::kOldest && years == std::floor(years)))
        throw std::invalid_argument("years of at_least are not whole ones of a life");
      intervals.at_least.push_back(
          {static_cast<int>(years), sigmoid.at("offset").get<double>(), sigmoid.at("slope").get<double>()});
    }
  } catch (const json::exception& error) {
    throw std::invalid_argument(error.what());
  }
  check(intervals);
  return intervals;
}

}  // namespace agewise::estimate
