#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/error.h"
#include "agewise/catalog/labels.h"

namespace agewise::catalog {
namespace {

using testing::HasSubstr;

Catalog parse(std::string_view text) { return parse_csv(text, "labels.csv", "labels"); }

std::string error_of(std::string_view text) {
  try {
    parse(text);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Csv, takes_the_columns_of_utkface_with_its_genders_and_races) {
  Catalog catalog =
      parse("file,age,gender,race,group,split,label_conflict_years\na.jpg,100,0,0,7,train,14\nb.jpg,3,1,4,8,val,0\n");
  ASSERT_EQ(catalog.rows.size(), 2U);
  EXPECT_EQ(catalog.rows[0].file, "a.jpg");
  EXPECT_EQ(catalog.rows[0].age, 100);
  EXPECT_EQ(catalog.rows[0].gender, Gender::male);
  EXPECT_EQ(catalog.rows[0].race, "White");
  EXPECT_EQ(catalog.rows[0].person, "7");
  EXPECT_EQ(catalog.rows[0].split, "train");
  EXPECT_EQ(catalog.rows[1].gender, Gender::female);
  EXPECT_EQ(catalog.rows[1].race, "Others");
  EXPECT_EQ(catalog.rows[1].source, "labels");
}

// Labels 14 years apart: two values with that distance have a deviation of 7.
TEST(Csv, takes_half_of_a_conflict_between_labels_for_the_deviation_of_the_age) {
  Catalog catalog = parse("file,label_conflict_years,age,age_sigma\na,14,30,\nb,0,30,\nc,14,30,2.5\n");
  EXPECT_EQ(catalog.rows[0].age_sigma, 7);
  EXPECT_TRUE(std::isnan(catalog.rows[1].age_sigma));
  EXPECT_EQ(catalog.rows[2].age_sigma, 2.5);
}

TEST(Csv, takes_chalearn_laps_label_files_of_both_years) {
  Catalog first = parse("image_1.jpg;31.5;4.25\nimage_2.jpg;7;0.5\n");
  ASSERT_EQ(first.rows.size(), 2U);
  EXPECT_EQ(first.rows[0].file, "image_1.jpg");
  EXPECT_EQ(first.rows[0].age, 31.5);
  EXPECT_EQ(first.rows[1].age_sigma, 0.5);
  Catalog second = parse("image,mean,stdv\n000001.jpg,18.5,3.25\n");
  EXPECT_EQ(second.rows[0].file, "000001.jpg");
  EXPECT_EQ(second.rows[0].age, 18.5);
  EXPECT_EQ(second.rows[0].age_sigma, 3.25);
}

TEST(Csv, takes_appa_reals_apparent_ages_or_by_the_rule_its_real_ones) {
  Catalog catalog =
      parse("file_name,num_ratings,apparent_age_avg,apparent_age_std,real_age\n000000.jpg,36,5.5,1.25,4\n");
  const CatalogRow& row = catalog.rows[0];
  EXPECT_EQ(age_of(row, recipe::AgeRule::mid_year), 5.5);
  EXPECT_EQ(age_sigma_of(row, recipe::AgeRule::mid_year), 1.25);
  EXPECT_EQ(age_of(row, recipe::AgeRule::real_age), 4);
  EXPECT_TRUE(std::isnan(age_sigma_of(row, recipe::AgeRule::real_age))) << "the deviation is the voters'";
}

TEST(Csv, of_one_age_is_by_the_rule_for_real_ages_that_one) {
  CatalogRow row = parse("file,age,age_sigma\na,30,2.5\n").rows[0];
  EXPECT_EQ(age_of(row, recipe::AgeRule::real_age), 30);
  EXPECT_EQ(age_sigma_of(row, recipe::AgeRule::real_age), 2.5);
}

TEST(Csv, needs_no_more_than_file_and_age_in_any_order_and_case) {
  Catalog catalog = parse("Age,File\n12.5,x.png\n");
  EXPECT_EQ(catalog.rows[0].age, 12.5);
  EXPECT_EQ(catalog.rows[0].gender, Gender::unknown);
}

TEST(Csv, takes_dates_instead_of_ages) {
  Catalog catalog = parse("file,dob,photo_taken\nx.png,727015,2010\n");
  EXPECT_EQ(catalog.rows[0].born, 727015);
  EXPECT_EQ(catalog.rows[0].taken, 2010);
}

// RFC 4180, §2: quoted fields may hold commas, quotes (doubled) and line breaks; CRLF ends a record.
TEST(Csv, follows_rfc_4180_and_passes_over_a_byte_order_mark) {
  Catalog catalog = parse("\xEF\xBB\xBF\"file\",age\r\n\"a, \"\"b\"\"\n.jpg\",7\r\n");
  ASSERT_EQ(catalog.rows.size(), 1U);
  EXPECT_EQ(catalog.rows[0].file, "a, \"b\"\n.jpg");
}

TEST(Csv, an_empty_age_is_unknown_and_left_to_screening) {
  EXPECT_TRUE(std::isnan(parse("file,age\na.jpg,\n").rows[0].age));
}

TEST(Csv, last_line_needs_no_line_break) { EXPECT_EQ(parse("file,age\na.jpg,1").rows.size(), 1U); }

TEST(CsvError, names_file_record_and_column) {
  EXPECT_THAT(error_of(""), HasSubstr("labels.csv: is empty"));
  EXPECT_THAT(error_of("name,years\n"), HasSubstr("must name the columns file and age"));
  EXPECT_THAT(error_of("file,age\na.jpg,1\nb.jpg,old\n"),
              HasSubstr("labels.csv, record 3: column age: \"old\" is not a number"));
  EXPECT_THAT(error_of("file,age\na.jpg\n"), HasSubstr("record 2: has 1 columns; the header has 2"));
  EXPECT_THAT(error_of("file,age\n,3\n"), HasSubstr("column file is empty"));
  EXPECT_THAT(error_of("file,age,split\na.jpg,3,dev\n"), HasSubstr("none of train, val, test"));
  EXPECT_THAT(error_of("file,age\n\"a.jpg,3\n"), HasSubstr("labels.csv"));
}

}  // namespace
}  // namespace agewise::catalog
