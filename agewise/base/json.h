// JSON as text. The library's parser and writer are templates that cost seconds of compilation in each file that uses
// them, and need not here.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace agewise::base {

// Throws nlohmann::json::exception.
nlohmann::json parse_json(std::string_view text);

// On one line if `indent` is negative; otherwise each level is indented by this many spaces. Throws
// nlohmann::json::exception if a text is not UTF-8.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

// On one line, with U+FFFD for bytes that are not UTF-8, as names of files may hold: for others to read; our own files
// are written by json_text().
std::string json_text_to_show(const nlohmann::json& json);
std::string json_text_to_show(const nlohmann::ordered_json& json);

}  // namespace agewise::base
