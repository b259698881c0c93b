// What the groups of an evaluation are called.
#pragma once
#include <fmt/format.h>

#include <string>

#include "agewise/catalog/catalog.h"

namespace agewise::evaluate {

inline std::string name_of_decade(int decade) { return fmt::format("{}–{}", decade * 10, decade * 10 + 9); }

inline std::string name_of_gender(catalog::Gender gender) {
  return gender == catalog::Gender::female ? "female" : gender == catalog::Gender::male ? "male" : "not known";
}

}  // namespace agewise::evaluate
