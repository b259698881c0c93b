#include "agewise/estimate/interval_text.h"

#include <gmock/gmock.h>

#include "tests/error_of.h"

namespace agewise::estimate {
namespace {

using testing::HasSubstr;

TEST(IntervalText, has_groups) {
  Intervals intervals = parse_intervals(R"({"coverage": 0.8, "groups": [{"from": 0, "low": -1.5, "high": 2},
                                            {"from": 10, "low": 0, "high": 0}]})");
  EXPECT_EQ(intervals.coverage, 0.8);
  EXPECT_TRUE(intervals.bands.empty());
  ASSERT_EQ(intervals.groups.size(), 2U);
  EXPECT_EQ(intervals.groups[0].low, -1.5);
  EXPECT_EQ(intervals.groups[0].high, 2);
  EXPECT_EQ(intervals.groups[1].from, 10);
}

TEST(IntervalText, has_sigmoids_beside_its_groups) {
  Intervals intervals = parse_intervals(R"({"coverage": 0.8, "groups": [{"from": 0, "low": -1, "high": 1}],
      "at_least": [{"years": 18, "offset": -0.5, "slope": 1.25}, {"years": 21, "offset": 0, "slope": 1}]})");
  ASSERT_EQ(intervals.at_least.size(), 2U);
  EXPECT_EQ(intervals.at_least[0].years, 18);
  EXPECT_EQ(intervals.at_least[0].offset, -0.5);
  EXPECT_EQ(intervals.at_least[0].slope, 1.25);
}

TEST(IntervalText, of_an_earlier_version_has_bands) {
  Intervals intervals = parse_intervals(R"({"coverage": 0.9, "bands": [{"from": -3.5, "below": 1, "above": 2}]})");
  EXPECT_TRUE(intervals.groups.empty());
  ASSERT_EQ(intervals.bands.size(), 1U);
  EXPECT_EQ(intervals.bands[0].from, -3.5);
  EXPECT_EQ(intervals.bands[0].below, 1);
  EXPECT_EQ(intervals.bands[0].above, 2);
}

TEST(IntervalText, that_is_none_is_refused_with_a_sentence) {
  std::string groups = R"({"coverage": 0.9, "groups": [{"from": 0, "low": -1, "high": 1}], "at_least": )";
  for (const auto& [text, problem] : std::vector<std::pair<std::string, std::string>>{
           {groups + R"([{"years": 18, "offset": 0}]})", "'slope' not found"},
           {groups + R"([{"years": 18, "offset": 0, "slope": 0}]})", "not sigmoids of ascending years"},
           {groups + R"([{"years": 18, "offset": 1e300, "slope": 1}]})", "not sigmoids of ascending years"},
           {groups + R"([{"years": 1.8e300, "offset": 0, "slope": 1}]})", "not whole ones of a life"},
           {groups + R"([{"years": 4294967314, "offset": 0, "slope": 1}]})", "not whole ones of a life"},
           {groups + R"([{"years": 18.5, "offset": 0, "slope": 1}]})", "not whole ones of a life"},
           {groups + R"([{"years": 18, "offset": 0, "slope": 1}, {"years": 18, "offset": 0, "slope": 1}]})",
            "not sigmoids of ascending years"},
           {"{", "parse error"},
           {"3", "cannot use at()"},
           {R"({"groups": []})", "'coverage' not found"},
           {R"({"coverage": 1, "groups": [{"from": 0, "low": -1, "high": 1}]})", "coverage is not between 0 and 1"},
           {R"({"coverage": 0.9})", "either groups or bands"},
           {R"({"coverage": 0.9, "groups": [{"from": 0, "low": -1, "high": 1}],
                "bands": [{"from": 0, "below": 1, "above": 1}]})",
            "either groups or bands"},
           {R"({"coverage": 0.9, "groups": [3]})", "cannot use at()"},
           {R"({"coverage": 0.9, "groups": [{"from": 0, "low": -1}]})", "'high' not found"},
           {R"({"coverage": 0.9, "groups": [{"from": 0, "low": 0.1, "high": 1}]})", "not intervals of ages"},
           {R"({"coverage": 0.9, "groups": [{"from": 0, "low": -1, "high": -0.1}]})", "not intervals of ages"},
           {R"({"coverage": 0.9, "groups": [{"from": 0, "low": -1, "high": 1e9}]})", "not intervals of ages"},
           {R"({"coverage": 0.9, "groups": [{"from": 5, "low": -1, "high": 1}]})", "must begin at 0 and ascend"},
           {R"({"coverage": 0.9, "groups": [{"from": 0, "low": -1, "high": 1}, {"from": 0, "low": -1, "high": 1}]})",
            "must begin at 0 and ascend"},
           {R"({"coverage": 0.9, "bands": [{"from": 0, "below": -1, "above": 1}]})", "not intervals of ages"},
           {R"({"coverage": 0.9, "bands": [{"from": 0, "below": 1, "above": 1001}]})", "not intervals of ages"}}) {
    auto parse = [&it = text] { parse_intervals(it); };
    EXPECT_THAT(error_of<std::invalid_argument>(parse), HasSubstr(problem)) << text;
  }
}

}  // namespace
}  // namespace agewise::estimate
