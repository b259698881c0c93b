// Who may ask: what a browser must not be tricked into, and the token.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/serve/http.h"

namespace agewise::serve {

struct AccessRules {
  std::vector<std::string> names;         // beside localhost, 127.0.0.1 and [::1]: what the server is called in URLs
  std::string token;                      // empty: none is asked for
  std::vector<std::string> public_paths;  // for which none is asked for in any case
  // GET and HEAD of these are answered whatever Host says: a health check calls the server by its IP address, and what
  // they say is no secret.
  std::vector<std::string> health_paths = {};
};

// The refusal, if there is one, by the request's head alone:
// 403 where the host that was asked for (forwarded.h) is none of the names, other than for health checks (a page of
// another site whose name was made to point here: DNS rebinding), and where a request other than GET or HEAD comes from
// a page of another site (Origin, Sec-Fetch-Site); 401 where `Authorization: Bearer TOKEN` is missing or wrong.
std::optional<HttpResponse> refusal_of(const AccessRules& rules, const HttpRequest& head);

// "Example.org:8080" → "example.org", "[::1]:80" → "[::1]"; empty for what is no host.
std::string host_name(std::string_view host);

}  // namespace agewise::serve
