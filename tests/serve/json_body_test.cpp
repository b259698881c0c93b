#include "agewise/serve/json_body.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <string_view>

namespace agewise::serve {
namespace {

JsonBody parse(std::string text, std::size_t most = 10) {
  return parse_json_body(std::as_writable_bytes(std::span(text)), most);
}

std::string text_of(const JsonBody& body) {
  return {reinterpret_cast<const char*>(body.bytes.data()), body.bytes.size()};
}

std::string problem_of(const std::string& text) {
  try {
    parse(text);
    return "";
  } catch (const BadJson& problem) {
    return problem.what();
  }
}

// RFC 4648 §10: the test vectors.
TEST(JsonBody, reads_base64) {
  EXPECT_EQ(text_of(parse(R"({"picture": "Zg=="})")), "f");
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm8="})")), "fo");
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm9v"})")), "foo");
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm9vYg=="})")), "foob");
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm9vYmE="})")), "fooba");
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm9vYmFy"})")), "foobar");
}

// What encoders make of it: lines (RFC 2045), no padding and other letters for URLs (RFC 4648 §5), escaped slashes.
TEST(JsonBody, reads_base64_in_all_its_dresses) {
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm9v\r\nYmFy\n"})")), "foobar");
  EXPECT_EQ(text_of(parse(R"({"picture": "Zm8"})")), "fo");
  EXPECT_EQ(text_of(parse(R"({"picture": "-_-_"})")), text_of(parse(R"({"picture": "+\/+/"})")));
  EXPECT_EQ(text_of(parse(R"({"picture": "+/+/"})")), "\xfb\xff\xbf");
}

TEST(JsonBody, reads_data_urls_of_base64) {
  EXPECT_EQ(text_of(parse(R"({"picture": "data:image/jpeg;base64,Zm9v"})")), "foo");
  EXPECT_EQ(text_of(parse(R"({"picture": "DATA:;name=a;Base64,Zm9v"})")), "foo");
  EXPECT_EQ(problem_of(R"({"picture": "data:image/svg+xml,%3Csvg/%3E"})"),
            "a data URL must be in base64, as in data:image/jpeg;base64,…");
  EXPECT_NE(problem_of(R"({"picture": "data:image/jpeg;base64"})"), "");
}

TEST(JsonBody, reads_a_list_and_what_is_asked_for) {
  JsonBody one = parse(R"({"picture": "Zm9v"})");
  EXPECT_FALSE(one.is_list);
  EXPECT_FALSE(one.distribution);
  JsonBody two = parse(R"({"distribution": true, "pictures": ["Zm9v", "YmFyYmF6"]})");
  EXPECT_TRUE(two.is_list);
  EXPECT_EQ(two.distribution, true);
  EXPECT_EQ(two.sizes, (std::vector<std::size_t>{3, 6}));
  EXPECT_EQ(text_of(two), "foobarbaz");
  EXPECT_EQ(parse(R"({"picture": "Zm9v", "distribution": false})").distribution, false);
  EXPECT_FALSE(two.at_least);
  EXPECT_EQ(parse(R"({"at_least": 18, "picture": "Zm9v"})").at_least, 18);
}

TEST(JsonBody, refuses_what_has_another_shape) {
  for (const char* text : {"",
                           "{",
                           "null",
                           "1",
                           "\"Zm9v\"",
                           "[\"Zm9v\"]",
                           "{}",
                           R"({"picture": 1})",
                           R"({"picture": null})",
                           R"({"picture": ["Zm9v"]})",
                           R"({"pictures": "Zm9v"})",
                           R"({"pictures": [["Zm9v"]]})",
                           R"({"pictures": []})",
                           R"({"pictures": [{"picture": "Zm9v"}]})",
                           R"({"picture": "Zm9v", "picture": "Zm9v"})",
                           R"({"picture": "Zm9v", "pictures": []})",
                           R"({"picture": "Zm9v", "model": "x"})",
                           R"({"picture": "Zm9v"} x)",
                           R"({"picture": "Zm9v", "distribution": "true"})",
                           R"({"picture": "Zm9v", "at_least": true})",
                           R"({"picture": "Zm9v", "at_least": "18"})",
                           R"({"picture": "Zm9v", "at_least": 0})",
                           R"({"picture": "Zm9v", "at_least": -18})",
                           R"({"picture": "Zm9v", "at_least": 18.5})",
                           R"({"picture": "Zm9v", "at_least": 4294967295})",
                           R"({"picture": "Zm9v", "at_least": 18, "at_least": 18})",
                           R"({"distribution": true})",
                           R"({"pictures": ["Zm9v")",
                           R"({"picture": "Zm9v", "distribution": true, "distribution": true})",
                           R"({"picture": ""})"})
    EXPECT_NE(problem_of(text), "") << text;
}

TEST(JsonBody, refuses_what_is_not_base64_and_fetches_nothing) {
  for (const char* text :
       {"Z", "Zm9vY", "Zg===", "Z=g", "Zm9v!", "http://example.org/a.jpg", "/etc/passwd.", "\u00e9"}) {
    EXPECT_EQ(problem_of(R"({"pictures": ["Zm9v", ")" + std::string(text) + "\"]}"),
              "picture 2 is not base64; give base64 or a data URL, because nothing is fetched from other addresses")
        << text;
  }
}

TEST(JsonBody, refuses_more_pictures_than_allowed_before_it_reads_them) {
  EXPECT_EQ(parse(R"({"pictures": ["Zg", "Zg"]})", 2).sizes.size(), 2U);
  EXPECT_THROW(parse(R"({"pictures": ["Zg", "Zg", "Zg"]})", 2), BadJson);
  EXPECT_THROW(parse(R"({"pictures": ["Zg", "Zg", "!)", 2), BadJson);
}

TEST(JsonBody, refuses_what_stands_behind_a_zero_byte) {
  using namespace std::string_literals;
  EXPECT_NE(problem_of("{\"picture\": \"Zm9v\"}\0"s), "");
  EXPECT_NE(problem_of("{\"picture\": \"Zm\0v\"}"s), "");
}

// The body itself is 32 MB; a parser that keeps the white space for its messages takes a thousand.
TEST(JsonBody, takes_no_more_memory_than_the_body_whatever_is_in_it) {
  auto most_kilobytes = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return used.ru_maxrss;
  };
  constexpr std::size_t kSize = 32 << 20;
  std::string blanks = "{" + std::string(kSize, '\n') + "x", cut_short = "{\"picture\": \"" + std::string(kSize, 'A');
  for (std::string* body : {&blanks, &cut_short}) {
    auto before = most_kilobytes();
    EXPECT_THROW(parse_json_body(std::as_writable_bytes(std::span(*body)), 10), BadJson);
    EXPECT_LT(most_kilobytes() - before, 40 << 10);
  }
}

// A parser that calls itself for each level would run out of stack.
TEST(JsonBody, refuses_a_million_levels) {
  EXPECT_THROW(parse(R"({"pictures": )" + std::string(1'000'000, '[')), BadJson);
  EXPECT_THROW(parse(std::string(1'000'000, '{')), BadJson);
}

}  // namespace
}  // namespace agewise::serve
