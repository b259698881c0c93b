// Pictures that are copies of each other, for people and as JSON.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agewise/store/store.h"

namespace agewise::app {

std::string to_text(const store::Copies& copies);  // a sentence with a newline
nlohmann::ordered_json to_json(const store::Copies& copies);

}  // namespace agewise::app
