#include "agewise/catalog/age_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace agewise::catalog {
namespace {

constexpr double kOpen = std::numeric_limits<double>::infinity();

// NaN stands for no age, -1000 for what cannot be read.
age::Range read(std::string_view text) {
  AgeText age = read_age(text);
  if (const auto* years = std::get_if<double>(&age)) return {*years, *years};
  if (const auto* range = std::get_if<age::Range>(&age)) return *range;
  return std::holds_alternative<NoAge>(age) ? age::Range{-1, -1000} : age::Range{-1000, -1000};
}

bool is_none(std::string_view text) { return std::holds_alternative<NoAge>(read_age(text)); }
bool is_unreadable(std::string_view text) { return std::holds_alternative<UnreadableAge>(read_age(text)); }

TEST(AgeText, that_is_a_number_is_an_age_with_or_without_its_unit) {
  for (const char* text : {"25", " 25 ", "25.0", "+25", "25.", "25 years", "25 Years old", "25y", "25 yrs.", "age 25"})
    EXPECT_EQ(read(text), (age::Range{25, 25})) << text;
  EXPECT_EQ(read("25,5"), (age::Range{25.5, 25.5}));
  EXPECT_EQ(read("31.25"), (age::Range{31.25, 31.25}));
  EXPECT_EQ(read("6 months"), (age::Range{0.5, 0.5}));
  EXPECT_EQ(std::get<double>(read_age("-3")), -3) << "screening rejects it as below the minimum";
}

TEST(AgeText, of_two_ages_is_a_range_with_both_in_it) {
  for (const char* text : {"20-29", "20 - 29", "20–29", "20 to 29", "(20, 29)", "[20,29]", "20..29", "20-29 years"})
    EXPECT_EQ(read(text), (age::Range{20, 29})) << text;
  EXPECT_EQ(read("(25, 32)"), (age::Range{25, 32})) << "Adience";
  EXPECT_EQ(read("30-30"), (age::Range{30, 30}));
}

TEST(AgeText, of_one_end_is_an_open_range) {
  for (const char* text : {"more than 70", "70+", "70 +", ">70", ">= 70", "over 70", "70 and over", "70 or older"})
    EXPECT_EQ(read(text), (age::Range{70, kOpen})) << text;
  EXPECT_EQ(read("under 18"), (age::Range{0, 17})) << "completed years";
  EXPECT_EQ(read("<18"), (age::Range{0, 17}));
  EXPECT_EQ(read("<= 2"), (age::Range{0, 2}));
}

// Excel shows FairFace's 3-9 as 9-Mar in the United States and as 03-Sep in Britain, and 10-19 as Oct-19.
TEST(AgeText, that_a_spreadsheet_took_for_a_date_is_the_range_that_it_was) {
  for (const char* text : {"9-Mar", "09-Mar", "3-Sep", "03-Sep", "03. Sep", "9 March"})
    EXPECT_EQ(read(text), (age::Range{3, 9})) << text;
  EXPECT_EQ(read("Oct-19"), (age::Range{10, 19}));
  EXPECT_EQ(read("19-Oct"), (age::Range{10, 19}));
  for (const char* text : {"9. Mrz", "03. Sep", "9-mars", "3-sept.", "03-set"})
    EXPECT_EQ(read(text), (age::Range{3, 9})) << text;
  for (const char* text : {"19. Okt", "Okt 19", "19-ott", "19-out"})
    EXPECT_EQ(read(text), (age::Range{10, 19})) << text;
}

TEST(AgeText, that_says_nothing_is_no_age) {
  for (const char* text : {"", "  ", "NA", "n/a", "None", "null", "NaN", "Unknown", "?", "-", "#N/A"})
    EXPECT_TRUE(is_none(text)) << text;
}

TEST(AgeText, that_says_something_else_cannot_be_read) {
  for (const char* text :
       {"adult", "12x", "31-20", "2020-05-01", "(25, 32", "25 32", "--5", "Mar", "1e400", "20-", "+"})
    EXPECT_TRUE(is_unreadable(text)) << text;
}

TEST(AgeText, of_two_columns_may_lack_one_end) {
  EXPECT_EQ(std::get<age::Range>(read_age("20", "29")), (age::Range{20, 29}));
  EXPECT_EQ(std::get<age::Range>(read_age("51.7", "57.7")), (age::Range{51.7, 57.7}));
  EXPECT_EQ(std::get<age::Range>(read_age("70", "")), (age::Range{70, kOpen}));
  EXPECT_EQ(std::get<age::Range>(read_age("70", "inf")), (age::Range{70, kOpen}));
  EXPECT_EQ(std::get<age::Range>(read_age("", "17")), (age::Range{0, 17}));
  EXPECT_EQ(std::get<double>(read_age("30", "30")), 30);
  EXPECT_TRUE(std::holds_alternative<NoAge>(read_age("", "NA")));
  EXPECT_TRUE(std::holds_alternative<UnreadableAge>(read_age("29", "20")));
}

}  // namespace
}  // namespace agewise::catalog
