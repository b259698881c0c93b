// What `agewise serve` says of itself and of each request: lines of text, or of JSON for other programs.
#pragma once
#include <string>

#include "agewise/serve/service.h"

namespace agewise::app {

// "2026-11-29T08:27:07Z 192.0.2.7 POST /v1/estimate 200 0.012 s 9f86d081884c7d65", or an object with these; `time` in
// seconds since 1970.
std::string request_line(const serve::RequestRecord& record, bool json, double time);

// "serving MODEL at URL", or an object with these.
std::string start_line(const std::string& model, const std::string& url, bool json, double time);

double time_of_day();  // seconds since 1970

}  // namespace agewise::app
