#include "agewise/serve/access.h"

#include <gtest/gtest.h>

namespace agewise::serve {
namespace {

HttpRequest request(std::string method, std::map<std::string, std::string> headers) {
  return {std::move(method), "/v1/estimate", {}, std::move(headers), {}};
}

int status(const AccessRules& rules, const HttpRequest& head) {
  auto refusal = refusal_of(rules, head);
  return refusal ? refusal->status : 200;
}

TEST(Access, takes_requests_to_the_names_of_loopback_on_any_port) {
  for (const char* host : {"localhost", "localhost:8080", "LocalHost:1", "127.0.0.1:8080", "[::1]:8080", "[::1]"})
    EXPECT_EQ(status({}, request("GET", {{"host", host}})), 200) << host;
}

// DNS rebinding: the attacker's own name leads to 127.0.0.1, and the browser tells whom it believes to ask.
TEST(Access, refuses_a_host_that_is_none_of_its_names) {
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "",
                           "localhost@evil.example", "localhost:80x", "localhost, evil.example", "[::1", "0.0.0.0"})
    EXPECT_EQ(status({}, request("GET", {{"host", host}})), 403) << host;
  EXPECT_EQ(status({}, request("GET", {})), 403);
}

TEST(Access, takes_configured_names_too) {
  AccessRules rules{{"Ages.example"}, "", {}};
  EXPECT_EQ(status(rules, request("GET", {{"host", "ages.EXAMPLE:443"}})), 200);
  EXPECT_EQ(status(rules, request("GET", {{"host", "other.example"}})), 403);
}

TEST(Access, refuses_posts_from_pages_of_other_sites) {
  auto post = [](const char* origin) {
    return status({}, request("POST", {{"host", "localhost:8080"}, {"origin", origin}}));
  };
  EXPECT_EQ(post("http://localhost:8080"), 200);
  EXPECT_EQ(post("http://localhost:8081"), 403);
  EXPECT_EQ(post("http://localhost"), 403);
  EXPECT_EQ(post("https://evil.example"), 403);
  EXPECT_EQ(post("null"), 403);  // a sandboxed frame, a local file
}

TEST(Access, knows_that_browsers_leave_the_scheme_s_own_port_out) {
  AccessRules rules{{"ages.example"}, "", {}};
  EXPECT_EQ(status(rules, request("POST", {{"host", "ages.example"}, {"origin", "https://ages.example"}})), 200);
  EXPECT_EQ(status(rules, request("POST", {{"host", "ages.example:443"}, {"origin", "https://ages.example"}})), 200);
  EXPECT_EQ(status(rules, request("POST", {{"host", "ages.example:443"}, {"origin", "http://ages.example"}})), 403);
}

TEST(Access, takes_posts_without_an_origin_which_no_page_sends) {
  EXPECT_EQ(status({}, request("POST", {{"host", "localhost"}})), 200);
  EXPECT_EQ(status({}, request("POST", {{"host", "localhost"}, {"sec-fetch-site", "same-origin"}})), 200);
  EXPECT_EQ(status({}, request("POST", {{"host", "localhost"}, {"sec-fetch-site", "cross-site"}})), 403);
}

HttpRequest by_proxy(std::map<std::string, std::string> headers) {
  HttpRequest head = request("POST", std::move(headers));
  head.by_proxy = true;
  return head;
}

TEST(Access, looks_at_the_host_that_a_trusted_proxy_was_asked_for) {
  AccessRules rules{{"ages.example"}, "", {}};
  EXPECT_EQ(status(rules, by_proxy({{"host", "127.0.0.1:8080"}, {"x-forwarded-host", "ages.example"}})), 200);
  EXPECT_EQ(status(rules, by_proxy({{"host", "127.0.0.1:8080"}, {"x-forwarded-host", "evil.example"}})), 403);
  EXPECT_EQ(status(rules, by_proxy({{"host", "upstream"}})), 403);
  EXPECT_EQ(status(rules, request("GET", {{"host", "evil.example"}, {"x-forwarded-host", "ages.example"}})), 403);
}

// nginx by default: Host is the address that it passes the request on to, and nothing says which it was asked for.
TEST(Access, takes_posts_from_pages_of_its_names_through_a_proxy_that_says_no_host) {
  AccessRules rules{{"ages.example"}, "", {}};
  auto post = [&](const char* origin) { return by_proxy({{"host", "127.0.0.1:8080"}, {"origin", origin}}); };
  EXPECT_EQ(status(rules, post("https://ages.example")), 200);
  EXPECT_EQ(status(rules, post("https://ages.example:8443")), 200);
  EXPECT_EQ(status(rules, post("https://evil.example")), 403);
  EXPECT_EQ(status(rules, post("http://localhost:3000")), 403);
  EXPECT_EQ(status(rules, request("POST", {{"host", "127.0.0.1:8080"}, {"origin", "https://ages.example"}})), 403);
}

TEST(Access, compares_the_scheme_that_a_trusted_proxy_names) {
  AccessRules rules{{"ages.example"}, "", {}};
  auto post = [&](const char* origin) {
    return by_proxy({{"host", "127.0.0.1:8080"},
                     {"x-forwarded-host", "ages.example"},
                     {"x-forwarded-proto", "https"},
                     {"origin", origin}});
  };
  EXPECT_EQ(status(rules, post("https://ages.example")), 200);
  EXPECT_EQ(status(rules, post("http://ages.example")), 403);
}

TEST(Access, asks_for_the_token_but_for_public_paths) {
  AccessRules rules{{}, "secret", {"/healthz"}};
  auto with = [&](const char* authorization) {
    return status(rules, request("POST", {{"host", "localhost"}, {"authorization", authorization}}));
  };
  EXPECT_EQ(with("Bearer secret"), 200);
  EXPECT_EQ(with("bearer secret"), 200);
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer SECRET", "Basic secret"})
    EXPECT_EQ(with(wrong), 401) << wrong;
  EXPECT_EQ(status(rules, {"GET", "/healthz", {}, {{"host", "localhost"}}, {}}), 200);
}

TEST(Access, lets_health_checks_in_by_any_name_and_without_the_token) {
  AccessRules rules{{}, "secret", {"/"}, {"/healthz"}};
  EXPECT_EQ(status(rules, {"GET", "/healthz", {}, {{"host", "10.0.0.7:8080"}}, {}}), 200);
  EXPECT_EQ(status(rules, {"HEAD", "/healthz", {}, {}, {}}), 200);
  EXPECT_EQ(status(rules, {"POST", "/healthz", {}, {{"host", "10.0.0.7:8080"}}, {}}), 403);
  EXPECT_EQ(status(rules, {"GET", "/", {}, {{"host", "10.0.0.7:8080"}}, {}}), 403);
}

}  // namespace
}  // namespace agewise::serve
