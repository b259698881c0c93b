#include "agewise/serve/page_files.h"

#include <map>

#include "agewise/report/page_parts.h"

namespace agewise::serve {

std::map<std::string, std::string> serve_texts();  // made at build from page/

namespace {

std::map<std::string, std::string> texts() {
  std::map<std::string, std::string> texts = serve_texts();
  texts["style"] = report::style_sheet() + texts.at("service");
  texts["chart.min"] = report::chart_script();
  return texts;
}

}  // namespace

std::optional<HttpResponse> page_file(const std::string& name) {
  static const std::map<std::string, std::string> kTexts = texts();
  struct File {
    const char *name, *text, *type;
  };
  constexpr const char *kHtml = "text/html; charset=utf-8", *kScript = "text/javascript; charset=utf-8",
                       *kStyle = "text/css; charset=utf-8";
  static constexpr File kFiles[] = {{"page.html", "page", kHtml},
                                    {"page.js", "script", kScript},
                                    {"docs.html", "docs", kHtml},
                                    {"docs.js", "docs_script", kScript},
                                    {"watch.html", "watch", kHtml},
                                    {"watch.js", "watch_script", kScript},
                                    {"style.css", "style", kStyle},
                                    {"chart.js", "chart.min", kScript},
                                    {"openapi.json", "openapi", "application/json"}};
  for (const File& file : kFiles) {
    if (name == file.name) return HttpResponse{200, file.type, kTexts.at(file.text)};
  }
  return std::nullopt;
}

const char* file_of(std::span<const Route> routes, const std::string& path) {
  for (const auto& [known, file] : routes) {
    if (path == known) return file;
  }
  return nullptr;
}

void put_safety_headers(HttpResponse& response) {
  for (const auto& [name, value] :
       {std::pair{"Content-Security-Policy",
                  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                  "img-src 'self' blob: data:; media-src blob:; base-uri 'none'; "
                  "form-action 'none'; frame-ancestors 'none'"},
        std::pair{"X-Content-Type-Options", "nosniff"}, std::pair{"Referrer-Policy", "no-referrer"},
        std::pair{"Cross-Origin-Resource-Policy", "same-origin"},
        std::pair{"Cross-Origin-Opener-Policy", "same-origin"},
        std::pair{"Permissions-Policy", "camera=(self), microphone=(), geolocation=()"},
        std::pair{"Cache-Control", "no-store"}}) {
    response.headers.emplace_back(name, value);
  }
}

HttpResponse no_such_path() {
  return error_response(404, "no_such_path", "there is no such path; /docs and /openapi.json list all paths");
}

HttpResponse wrong_method(const std::string& allow) {
  HttpResponse response = error_response(405, "wrong_method", "this path accepts " + allow);
  response.headers = {{"Allow", allow}};
  return response;
}

std::optional<HttpResponse> refusal_of_writing(const HttpRequest& head) {
  return head.method == "GET" || head.method == "HEAD" ? std::nullopt : std::optional(wrong_method("GET, HEAD"));
}

}  // namespace agewise::serve
