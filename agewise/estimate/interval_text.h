// Intervals as a model file has them.
#pragma once
#include <string>
#include <string_view>

#include "agewise/estimate/interval.h"

namespace agewise::estimate {

// JSON as to_json() makes it (estimate/json.h): {coverage, groups, at_least} or, as earlier versions wrote it, without
// the last, or {coverage, bands}. Throws std::invalid_argument with a sentence that says what is wrong.
Intervals parse_intervals(std::string_view text);

}  // namespace agewise::estimate
