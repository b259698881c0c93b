#include "agewise/serve/forwarded.h"

#include <gtest/gtest.h>

#include "agewise/base/error.h"
#include "agewise/serve/http.h"

namespace agewise::serve {
namespace {

std::string client(const std::string& text) {
  std::optional<Address> address = parse_address(text);
  return address ? client_of(*address) : "";
}

TEST(Forwarded, reads_addresses_with_and_without_a_port) {
  EXPECT_EQ(client("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client("192.0.2.7:4711"), "192.0.2.7");
  EXPECT_EQ(client("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client("[2001:db8::1]"), "2001:db8::/64");
  EXPECT_EQ(client("[2001:db8::1]:443"), "2001:db8::/64");
  for (const char* text : {"", "unknown", "_hidden", "192.0.2", "192.0.2.256", "[", "[::1", "a:b", "1.2.3.4.5",
                           "::1::", "192.0.2.7:", "192.0.2.7:x", "192.0.2.7:-1", "192.0.2.7:65536", "192.0.2.7:80x",
                           "[::1]:", "[::1]80", "[::1]:x", "[::1]junk"})
    EXPECT_EQ(client(text), "") << text;
}

bool is_within(const std::string& network, const std::string& address) {
  std::vector<Network> networks{parse_network(network)};
  return contains(networks, *parse_address(address));
}

// RFC 4632 §3.1: 10.16.0.0/12 ends with 10.31.255.255.
TEST(Forwarded, reads_networks) {
  EXPECT_TRUE(is_within("10.16.0.0/12", "10.31.255.255"));
  EXPECT_FALSE(is_within("10.16.0.0/12", "10.32.0.0"));
  EXPECT_TRUE(is_within("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(is_within("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(is_within("0.0.0.0/0", "192.0.2.7"));
  EXPECT_FALSE(is_within("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(is_within("fd00::/8", "fdff::1"));
  EXPECT_FALSE(is_within("fd00::/8", "fe00::1"));
  EXPECT_TRUE(is_within("::/0", "192.0.2.7"));
  for (const char* text :
       {"", "/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "example.org", "10.0.0.1:80",
        "10.0.0.1:x/8", "[::1]junk", "[::1]:80", "10.0.0.9/8", "10.16.0.0/11", "fd00::1/8"})
    EXPECT_THROW(parse_network(text), base::UsageError) << text;
}

TEST(Forwarded, names_the_network_that_an_address_with_too_many_bits_lies_in) {
  try {
    parse_network("10.31.0.9/12");
    FAIL() << "taken for a network";
  } catch (const base::UsageError& problem) {
    EXPECT_NE(std::string(problem.what()).find("give 10.16.0.0/12 "), std::string::npos) << problem.what();
  }
}

std::string client_through(const std::string& peer, std::string_view list) {
  std::vector<Network> trusted{parse_network("127.0.0.1"), parse_network("10.0.0.0/8")};
  return client_of(client_address(*parse_address(peer), list, trusted));
}

TEST(Forwarded, believes_the_last_address_that_no_trusted_proxy_has) {
  EXPECT_EQ(client_through("127.0.0.1", "192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client_through("127.0.0.1", "192.0.2.7, 10.1.1.1"), "192.0.2.7");
  EXPECT_EQ(client_through("127.0.0.1", "203.0.113.1, 192.0.2.7, 10.1.1.1"), "192.0.2.7");  // the first is the client's
  EXPECT_EQ(client_through("127.0.0.1", "10.2.2.2, 10.1.1.1"), "10.2.2.2");
  EXPECT_EQ(client_through("127.0.0.1", "nonsense, 10.1.1.1"), "10.1.1.1");
  EXPECT_EQ(client_through("127.0.0.1", ""), "127.0.0.1");
  EXPECT_EQ(client_through("127.0.0.1", " , "), "127.0.0.1");
}

TEST(Forwarded, believes_nobody_else) { EXPECT_EQ(client_through("198.51.100.1", "192.0.2.7"), "198.51.100.1"); }

TEST(Forwarded, knows_the_host_and_scheme_that_a_proxy_was_asked_for) {
  HttpRequest head{
      "GET", "/", {}, {{"host", "backend:8080"}, {"x-forwarded-host", "ages.example"}, {"x-forwarded-proto", "https"}},
      {},    ""};
  EXPECT_EQ(asked_host(head), "backend:8080");
  EXPECT_EQ(asked_scheme(head), "");
  head.by_proxy = true;
  EXPECT_EQ(asked_host(head), "ages.example");
  EXPECT_EQ(asked_scheme(head), "https");
  head.headers["x-forwarded-host"] = "evil.example, ages.example";  // the client's own, and what the proxy appends
  EXPECT_EQ(asked_host(head), "ages.example");
}

}  // namespace
}  // namespace agewise::serve
