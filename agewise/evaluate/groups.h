// The groups of an evaluation, and what they are called.
#pragma once
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

using Pictures = std::vector<const Prediction*>;

// The pictures for each value of key_of(face), ascending.
template <class KeyOf>
auto divided_by(const Pictures& all, KeyOf key_of) {
  std::map<decltype(key_of(all[0]->face)), Pictures> groups;
  for (const Prediction* one : all) groups[key_of(one->face)].push_back(one);
  return groups;
}

inline std::string name_of_decade(int decade) { return fmt::format("{}–{}", decade * 10, decade * 10 + 9); }

inline std::string name_of_gender(catalog::Gender gender) {
  return gender == catalog::Gender::female ? "female" : gender == catalog::Gender::male ? "male" : "not known";
}

}  // namespace agewise::evaluate
