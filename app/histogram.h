// Counts a value, as people read them in a terminal.
#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agewise/age/range.h"

namespace agewise::app {

// What is counted, in the order in which it is shown.
struct Histogram {
  std::string title;
  std::vector<std::pair<std::string, std::int64_t>> counts;
};

// "0–9", "10–19" … from the lowest to the highest decade that occurs; NaN is "unknown".
Histogram decades(const std::string& title, const std::vector<double>& ages);

// Each range that occurs, by its lower end; of very many different ones the decades of those ends.
Histogram age_ranges(const std::string& title, const std::vector<age::Range>& ranges);

// A line a count, with a bar as long as its share of the largest.
std::string to_text(const Histogram& histogram);
nlohmann::ordered_json to_json(const Histogram& histogram);

}  // namespace agewise::app
