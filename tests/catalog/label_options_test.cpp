#include "agewise/catalog/label_options.h"

#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "tests/error_of.h"

namespace agewise::catalog {
namespace {

using testing::HasSubstr;

TEST(LabelOptions, are_written_as_a_store_keeps_them_and_read_again) {
  LabelOptions options = parse_label_options("file=photo,age=years", "0=female", "AgeDB");
  EXPECT_EQ(options.columns.at("age"), "years");
  EXPECT_EQ(options.one, Gender::male);
  EXPECT_EQ(to_text(options), "columns age=years,file=photo\ngender 1=male\nnames agedb");
  LabelOptions again = label_options_in("x.csv (CSV, 3 rows, 0123)\n" + to_text(options) + "\nbalance");
  EXPECT_EQ(again.columns, options.columns);
  EXPECT_EQ(again.one, options.one);
  EXPECT_EQ(again.names, options.names);
  EXPECT_EQ(to_text(LabelOptions{}), "");
}

TEST(LabelOptions, given_now_go_before_those_given_earlier) {
  LabelOptions earlier = parse_label_options("age=years", "1=male", "");
  LabelOptions filled = filled_up(parse_label_options("", "1=female", ""), earlier);
  EXPECT_EQ(filled.columns, earlier.columns);
  EXPECT_EQ(filled.one, Gender::female);
}

TEST(LabelOptions, that_are_none_are_wrong_usage) {
  auto error = [](const char* columns, const char* gender, const char* names) {
    return error_of<base::UsageError>([&] { parse_label_options(columns, gender, names); });
  };
  EXPECT_THAT(error("file", "", ""), HasSubstr("expected pairs such as file=photo,age=years"));
  EXPECT_THAT(error("fil=photo", "", ""), HasSubstr("one of file, age, age_low"));
  EXPECT_THAT(error("", "male", ""), HasSubstr("expected 1=male or 1=female"));
  EXPECT_THAT(error("", "2=male", ""), HasSubstr("--gender 2=male"));
  EXPECT_THAT(error("", "", "mugshots"), HasSubstr("utkface, imdb-wiki, agedb"));
}

}  // namespace
}  // namespace agewise::catalog
