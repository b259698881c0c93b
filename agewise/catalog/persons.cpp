#include "agewise/catalog/persons.h"

#include <unordered_map>

namespace agewise::catalog {

std::vector<std::vector<std::size_t>> by_person(std::span<const std::string_view> persons) {
  std::vector<std::vector<std::size_t>> groups;
  std::unordered_map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < persons.size(); ++i) {
    bool is_new = persons[i].empty() || place.try_emplace(persons[i], groups.size()).second;
    if (is_new) {
      groups.push_back({i});
    } else {
      groups[place.at(persons[i])].push_back(i);
    }
  }
  return groups;
}

}  // namespace agewise::catalog
