// The files of the two pages, compiled in, and the headers that keep browsers from doing anything else with them.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "agewise/serve/http.h"

namespace agewise::serve {

// "style.css", "chart.js", …; nothing if there is no such file.
std::optional<HttpResponse> page_file(const std::string& name);

// A path and its page file, "" for what is made anew each time; the file of `path`, or null where it is no route.
using Route = std::pair<const char*, const char*>;
const char* file_of(std::span<const Route> routes, const std::string& path);

// For every response: nothing is sniffed, framed, cached or fetched from elsewhere, only its own scripts run.
void put_safety_headers(HttpResponse& response);

// What a request that found no route is told: 404, or 405 with `allow`.
HttpResponse no_such_path();
HttpResponse wrong_method(const std::string& allow);
std::optional<HttpResponse> refusal_of_writing(const HttpRequest& head);  // 405 unless GET or HEAD

}  // namespace agewise::serve
