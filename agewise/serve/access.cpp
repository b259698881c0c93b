#include "agewise/serve/access.h"

#include <algorithm>

#include "agewise/base/text.h"

namespace agewise::serve {
namespace {

bool is_port(std::string_view text) {
  return text.empty() || (text.front() == ':' &&
                          std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

bool is_named(const AccessRules& rules, const std::string& name) {
  return std::any_of(rules.names.begin(), rules.names.end(),
                     [&](const std::string& own) { return base::lower(own) == name; });
}

bool is_ours(const AccessRules& rules, const std::string& name) {
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || is_named(rules, name);
}

// "https://HOST:PORT" with the scheme's own port left out, as browsers write it, against the host that was asked for,
// where it may stand. Behind a proxy that does not say what was asked for, any port of a --name is the page's own.
bool is_own_page(const AccessRules& rules, const HttpRequest& head, std::string_view origin) {
  std::string text = base::lower(origin), here = base::lower(asked_host(head)), by = base::lower(asked_scheme(head));
  for (const auto& [scheme, port] : {std::pair{"http", ":80"}, std::pair{"https", ":443"}}) {
    std::string begin = std::string(scheme) + "://";
    if (!text.starts_with(begin) || (!by.empty() && by != scheme)) continue;
    std::string there = text.substr(begin.size());
    bool untold = head.by_proxy && head.header("x-forwarded-host").empty();
    return there == here || there + port == here || (untold && is_named(rules, host_name(there)));
  }
  return false;
}

// Takes as long for a wrong token as for the right one.
bool is_equal(std::string_view given, std::string_view token) {
  unsigned difference = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned>(given[i] ^ token[i % token.size()]);
  return difference == 0;
}

bool has_token(const AccessRules& rules, const HttpRequest& head) {
  std::string_view given = head.header("authorization");
  constexpr std::string_view kBearer = "bearer ";
  return base::lower(given.substr(0, kBearer.size())) == kBearer && is_equal(given.substr(kBearer.size()), rules.token);
}

bool contains(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

std::string host_name(std::string_view host) {
  std::size_t end = host.starts_with('[') ? host.find(']') + 1 : std::min(host.find(':'), host.size());
  if (end == 0 || !is_port(host.substr(end))) return "";
  return base::lower(host.substr(0, end));
}

std::optional<HttpResponse> refusal_of(const AccessRules& rules, const HttpRequest& head) {
  bool reads = head.method == "GET" || head.method == "HEAD";
  if (reads && contains(rules.health_paths, head.path)) return std::nullopt;
  if (!is_ours(rules, host_name(asked_host(head)))) {
    return error_response(403, "unknown_host",
                          "the URL's host is not a name of this server; to add one, start it with --name HOST");
  }
  if (!reads) {
    std::string_view origin = head.header("origin"), site = head.header("sec-fetch-site");
    bool foreign = !origin.empty() && !is_own_page(rules, head, origin);
    if (foreign || site == "cross-site" || site == "same-site") {
      return error_response(403, "other_origin", "pages of other sites may not use this server");
    }
  }
  if (rules.token.empty() || contains(rules.public_paths, head.path) || has_token(rules, head)) return std::nullopt;
  HttpResponse response = error_response(401, "token_needed", "Authorization: Bearer TOKEN is missing or wrong");
  response.headers = {{"WWW-Authenticate", "Bearer"}};
  return response;
}

}  // namespace agewise::serve
