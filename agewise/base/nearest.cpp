#include "agewise/base/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace agewise::base {
namespace {

constexpr std::size_t kLongestTypingError = 100;  // bytes; what is longer is no name, and costs its length in time

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);  // distances of the first i bytes of a to each beginning of b
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
  std::string_view beginning = name.substr(0, kLongestTypingError);
  std::vector<int> distances;
  for (const std::string& candidate : known) distances.push_back(edit_distance(beginning, candidate));
  return known[static_cast<std::size_t>(std::min_element(distances.begin(), distances.end()) - distances.begin())];
}

}  // namespace agewise::base
