#include <gmock/gmock.h>

#include <cmath>

#include "agewise/catalog/dialect.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/screen.h"
#include "tests/error_of.h"

namespace agewise::catalog {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Catalog parse(std::string_view text, const LabelOptions& options = {}) {
  return parse_table(text, "labels.csv", "labels", options);
}

std::string error_of_parsing(std::string_view text, const LabelOptions& options = {}) {
  return error_of([&] { parse(text, options); });
}

std::vector<double> ages(const Catalog& catalog) {
  std::vector<double> all;
  for (const CatalogRow& row : catalog.rows) all.push_back(row.age);
  return all;
}

std::vector<Gender> genders(const Catalog& catalog) {
  std::vector<Gender> all;
  for (const CatalogRow& row : catalog.rows) all.push_back(row.gender);
  return all;
}

TEST(Table, takes_the_columns_of_utkface_with_its_genders_and_races) {
  Catalog catalog = parse(
      "file,age,gender,race,group,split,label_conflict_years\n"
      "100_0_0_20170112213500903.jpg.chip.jpg,100,0,0,7,train,14\n3_1_4_20170112215240346.jpg,3,1,4,8,val,0\n");
  ASSERT_EQ(catalog.rows.size(), 2U);
  EXPECT_EQ(catalog.rows[0].file, "100_0_0_20170112213500903.jpg.chip.jpg");
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
TEST(Table, takes_half_of_a_conflict_between_labels_for_the_deviation_of_the_age) {
  Catalog catalog = parse("file,label_conflict_years,age,age_sigma\na,14,30,\nb,0,30,\nc,14,30,2.5\n");
  EXPECT_EQ(catalog.rows[0].age_sigma, 7);
  EXPECT_TRUE(std::isnan(catalog.rows[1].age_sigma));
  EXPECT_EQ(catalog.rows[2].age_sigma, 2.5);
}

TEST(Table, takes_chalearn_laps_label_files_of_both_years) {
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

TEST(Table, takes_appa_reals_apparent_ages_or_by_the_rule_its_real_ones) {
  Catalog catalog =
      parse("file_name,num_ratings,apparent_age_avg,apparent_age_std,real_age\n000000.jpg,36,5.5,1.25,4\n");
  const CatalogRow& row = catalog.rows[0];
  EXPECT_EQ(age_of(row, recipe::AgeRule::mid_year), 5.5);
  EXPECT_EQ(age_sigma_of(row, recipe::AgeRule::mid_year), 1.25);
  EXPECT_EQ(age_of(row, recipe::AgeRule::real_age), 4);
  EXPECT_TRUE(std::isnan(age_sigma_of(row, recipe::AgeRule::real_age))) << "the deviation is the voters'";
}

TEST(Table, of_one_age_is_by_the_rule_for_real_ages_that_one) {
  CatalogRow row = parse("file,age,age_sigma\na,30,2.5\n").rows[0];
  EXPECT_EQ(age_of(row, recipe::AgeRule::real_age), 30);
  EXPECT_EQ(age_sigma_of(row, recipe::AgeRule::real_age), 2.5);
}

TEST(Table, needs_no_more_than_file_and_age_in_any_order_and_case) {
  Catalog catalog = parse("Age,File\n12.5,x.png\n");
  EXPECT_EQ(catalog.rows[0].age, 12.5);
  EXPECT_EQ(catalog.rows[0].gender, Gender::unknown);
}

TEST(Table, takes_dates_instead_of_ages) {
  Catalog catalog = parse("file,dob,photo_taken\nx.png,727015,2010\n");
  EXPECT_EQ(catalog.rows[0].born, 727015);
  EXPECT_EQ(catalog.rows[0].taken, 2010);
}

// RFC 4180, §2: quoted fields may hold commas, quotes (doubled) and line breaks; CRLF ends a record.
TEST(Table, follows_rfc_4180_and_passes_over_a_byte_order_mark) {
  Catalog catalog = parse(to_utf8("\xEF\xBB\xBF\"file\",age\r\n\"a, \"\"b\"\"\n.jpg\",7\r\n", "labels.csv"));
  ASSERT_EQ(catalog.rows.size(), 1U);
  EXPECT_EQ(catalog.rows[0].file, "a, \"b\"\n.jpg");
}

TEST(Table, an_empty_age_is_unknown_and_left_to_screening) {
  EXPECT_TRUE(std::isnan(parse("file,age\na.jpg,\n").rows[0].age));
}

TEST(Table, last_line_needs_no_line_break) { EXPECT_EQ(parse("file,age\na.jpg,1").rows.size(), 1U); }

// The delimiter is the one that shows known columns; "sep=" is what German Excel writes for itself.
TEST(Table, is_divided_by_what_its_header_shows) {
  for (const char* text :
       {"file,age\na.jpg,25\n", "file;age\na.jpg;25\n", "file\tage\na.jpg\t25\n", "file|age\na.jpg|25\n",
        "file age\na.jpg 25\n", "sep=;\r\nfile;age\r\na.jpg;25\r\n", "\"file\";\"age\"\na.jpg;25\n"}) {
    Catalog catalog = parse(text);
    ASSERT_EQ(catalog.rows.size(), 1U) << text;
    EXPECT_EQ(catalog.rows[0].file, "a.jpg") << text;
    EXPECT_EQ(catalog.rows[0].age, 25) << text;
  }
}

TEST(Table, has_decimal_commas_where_they_do_not_divide) {
  EXPECT_THAT(ages(parse("file;age;gender\na.jpg;25,5;male\n")), ElementsAre(25.5));
  EXPECT_THAT(ages(parse("file,age\na.jpg,\"25,5\"\n")), ElementsAre(25.5));
}

TEST(Table, knows_the_usual_names_of_columns_in_any_spelling) {
  for (const char* header : {"path,ages", "filename,real_age", "img_name,age", "Image,Age (years)", "photo,AGE",
                             "img_paths,ages", "full_path,age", "File Name,Age", "image-path, age "})
    EXPECT_THAT(ages(parse(std::string(header) + "\na.jpg,25\n")), ElementsAre(25)) << header;
}

TEST(Table, passes_over_what_a_column_s_name_has_in_brackets_unless_another_has_the_whole_name) {
  Catalog catalog = parse("File name,Age (years),\"Sex (M/F)\",Age (group)\na.jpg,31,F,30-39\n");
  EXPECT_EQ(catalog.rows[0].age, 31);
  EXPECT_EQ(catalog.rows[0].gender, Gender::female);
}

TEST(Table, of_several_votes_a_picture_is_read_with_a_warning) {
  Catalog catalog = parse("file,age\na.jpg,20\nb.jpg,30\na.jpg,22\nb.jpg,30\na.jpg,25\n");
  EXPECT_EQ(catalog.rows.size(), 5U);
  ASSERT_EQ(catalog.notes.size(), 1U);
  EXPECT_THAT(catalog.notes[0],
              HasSubstr("1 pictures have several rows with different ages (such as a.jpg: 20 and 22)"));
  EXPECT_TRUE(parse("file,age\na.jpg,20\na.jpg,20\n").notes.empty());
  EXPECT_TRUE(parse("file,age,x_min,y_min,x_max,y_max\na.jpg,20,0,0,9,9\na.jpg,30,9,9,20,20\n").notes.empty());
}

TEST(Table, of_other_columns_is_read_by_those_that_the_user_names) {
  LabelOptions options{.columns = {{"file", "bild"}, {"age", "Jahre"}}};
  EXPECT_THAT(ages(parse("bild,jahre\na.jpg,25\n", options)), ElementsAre(25));
  EXPECT_THAT(ages(parse("bild;file;age;jahre\na.jpg;x;1;25\n", options)), ElementsAre(25))
      << "they go before the usual";
}

TEST(Table, without_a_header_is_read_by_the_numbers_of_its_columns) {
  LabelOptions options{.columns = {{"file", "1"}, {"age", "3"}}};
  Catalog catalog = parse("a.jpg f 25\nb.jpg m 31\n", options);
  EXPECT_THAT(ages(catalog), ElementsAre(25, 31));
  EXPECT_EQ(catalog.rows[1].file, "b.jpg");
  EXPECT_THAT(ages(parse("name,sex,years\na.jpg,f,25\n", options)), ElementsAre(25)) << "a header is no face";
}

TEST(Table, keeps_a_row_whose_age_is_none_and_says_why_it_is_not_used) {
  Catalog catalog = parse("file,age\na.jpg,30\nb.jpg,NA\nc.jpg,adult\nd.jpg,25 years\n");
  ASSERT_EQ(catalog.rows.size(), 4U);
  EXPECT_EQ(screen(catalog.rows[0], {}), Reason::none);
  EXPECT_EQ(screen(catalog.rows[1], {}), Reason::unknown_age);
  EXPECT_EQ(screen(catalog.rows[2], {}), Reason::unreadable_age);
  EXPECT_EQ(catalog.rows[2].fault_detail, "adult");
  EXPECT_EQ(catalog.rows[3].age, 25);
}

TEST(Table, keeps_rows_that_are_broken_otherwise_and_says_why) {
  Catalog catalog = parse("file,age,split\na.jpg,30\n,31,train\nc.jpg,32,holdout\nd.jpg,33,train,,\n");
  EXPECT_EQ(screen(catalog.rows[0], {}), Reason::wrong_columns);
  EXPECT_EQ(catalog.rows[0].fault_detail, "record 2: 2 columns, the header has 3");
  EXPECT_EQ(screen(catalog.rows[1], {}), Reason::no_file_named);
  EXPECT_EQ(screen(catalog.rows[2], {}), Reason::unknown_part);
  EXPECT_EQ(catalog.rows[2].fault_detail, "holdout");
  EXPECT_EQ(screen(catalog.rows[3], {}), Reason::none) << "blank columns at the end are a spreadsheet's";
}

TEST(Table, knows_parts_by_their_usual_words) {
  Catalog catalog = parse("file,age,split\na,1,Train\nb,1,training\nc,1,dev\nd,1,valid\ne,1,TEST\nf,1,\n");
  std::vector<std::string> parts;
  for (const CatalogRow& row : catalog.rows) parts.push_back(row.split);
  EXPECT_THAT(parts, ElementsAre("train", "train", "val", "val", "test", ""));
  for (const char* word : {"val", "VALID", "Validation", "validate", "dev", "development"})
    EXPECT_EQ(parse(std::string("file,age,split\na,1,") + word + "\n").rows[0].split, "val") << word;
  EXPECT_EQ(parse("file,age,split\na,1,testing\n").rows[0].split, "test");
}

TEST(Table, has_ages_as_ranges) {
  Catalog catalog = parse("file,age_low,age_high\na,20,29\nb,70,\nc,30,30\n");
  EXPECT_EQ(catalog.rows[0].age_range, (age::Range{20, 29}));
  EXPECT_TRUE(std::isnan(catalog.rows[0].age));
  EXPECT_TRUE(catalog.rows[1].age_range->is_open());
  EXPECT_EQ(catalog.rows[2].age, 30);
  EXPECT_EQ(parse("file,age_group\na,18-24\n").rows[0].age_range, (age::Range{18, 24}));
  Catalog both = parse("file,age,age_low,age_high\na,25,20,29\nb,,20,29\n");
  EXPECT_EQ(both.rows[0].age, 25) << "the age where there is one";
  EXPECT_EQ(both.rows[1].age_range, (age::Range{20, 29}));
}

// 1 is a man in IMDB-WIKI and a woman in UTKFace.
TEST(Table, of_genders_as_digits_needs_to_be_told_what_1_means_unless_the_names_tell) {
  std::string text = "file,age,gender\na.jpg,25.0,1.0\nb.jpg,30.0,0.0\nc.jpg,40.0,\n";
  Catalog unclear = parse(text);
  EXPECT_TRUE(unclear.genders_unclear);
  EXPECT_THAT(genders(unclear), ElementsAre(Gender::unknown, Gender::unknown, Gender::unknown));
  Catalog told = parse(text, {.one = Gender::female});
  EXPECT_FALSE(told.genders_unclear);
  EXPECT_THAT(genders(told), ElementsAre(Gender::female, Gender::male, Gender::unknown));
  EXPECT_THAT(genders(parse("file,age,gender\n17/10000217_1981-05-05_2009.jpg,28,1\n")), ElementsAre(Gender::male));
  EXPECT_THAT(genders(parse("file,age,gender\n26_1_2_20170104023102422.jpg,26,1\n")), ElementsAre(Gender::female));
  EXPECT_THAT(genders(parse("file,age,Sex\na,25,M\nb,30,woman\nc,40,u\n")),
              ElementsAre(Gender::male, Gender::female, Gender::unknown));
}

// The CSV files of a published trainer count CACD's ages from 14 on.
TEST(Table, whose_ages_are_not_those_of_the_names_is_read_with_a_warning) {
  Catalog catalog = parse("file,age\n53_Robin_Williams_0001.jpg,39\n24_Emma_Stone_0002.jpg,10\n");
  EXPECT_THAT(catalog.notes,
              ElementsAre(AllOf(HasSubstr("2 of 2 ages"), HasSubstr("CACD"), HasSubstr("is 39 in the table, but 53"))));
  EXPECT_TRUE(parse("file,age\n53_Robin_Williams_0001.jpg,53\n").notes.empty());
}

TEST(Table, of_windows_paths_has_slashes) {
  EXPECT_EQ(parse("file,age\nC:\\data\\20\\a.jpg,25\n").rows[0].file, "C:/data/20/a.jpg");
}

TEST(TableError, names_the_columns_that_there_are_and_how_to_map_them) {
  EXPECT_THAT(error_of_parsing(""), HasSubstr("labels.csv: is empty"));
  EXPECT_THAT(error_of_parsing("name,years\n"),
              AllOf(HasSubstr("labels.csv: cannot tell which of its columns (\"name\", \"years\")"),
                    HasSubstr("holds the file name and which the age"), HasSubstr("--columns file=name,age=years")));
  EXPECT_THAT(error_of_parsing("Alter;Bild;Geschlecht\r\n31;x/a.JPG;w\r\n"),
              HasSubstr("--columns file=Bild,age=Alter (or by number, --columns file=2,age=1)"));
  EXPECT_THAT(error_of_parsing("file,years\n"), HasSubstr("holds the age; name it"));
  EXPECT_THAT(error_of_parsing("file,age\n", {.columns = {{"age", "years"}}}),
              AllOf(HasSubstr("--columns age=years: there is no such column"), HasSubstr("\"file\", \"age\"")));
  EXPECT_THAT(error_of_parsing("file,age\n\"a.jpg,3\n"), AllOf(HasSubstr("labels.csv, record 2"), HasSubstr("quot")));
}

}  // namespace
}  // namespace agewise::catalog
