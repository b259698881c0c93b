#include "agewise/base/json.h"

#include <nlohmann/json.hpp>

namespace agewise::base {

nlohmann::json parse_json(std::string_view text) { return nlohmann::json::parse(text); }

std::string json_text(const nlohmann::json& json, int indent) { return json.dump(indent); }

std::string json_text(const nlohmann::ordered_json& json, int indent) { return json.dump(indent); }

std::string json_text_to_show(const nlohmann::json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

std::string json_text_to_show(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace agewise::base
