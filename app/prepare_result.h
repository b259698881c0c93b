// What `prepare` and `merge` tell of the store that they made.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agewise/prepare/prepare.h"

namespace agewise::app {

nlohmann::ordered_json to_json(const prepare::PrepareResult& result);
void print_result(const prepare::PrepareResult& result, const std::string& store);

}  // namespace agewise::app
