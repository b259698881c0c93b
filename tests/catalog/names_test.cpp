// Names as the publishers of each data set describe them.
#include "agewise/catalog/names.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/labels.h"
#include "tests/error_of.h"

namespace agewise::catalog {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

Catalog read(const std::string& lines, const LabelOptions& options = {}) { return parse_names(lines, "list", options); }

TEST(NamesOfAgeDb, hold_person_age_and_gender) {
  Catalog catalog = read("0_MariaCallas_35_f.jpg\n10000_GlennClose_62_f.jpg\n1000_StephenHawking_1_m.jpg\n");
  EXPECT_EQ(catalog.kind, "AgeDB names");
  ASSERT_EQ(catalog.rows.size(), 3U);
  EXPECT_EQ(catalog.rows[0].age, 35);
  EXPECT_EQ(catalog.rows[0].gender, Gender::female);
  EXPECT_EQ(catalog.rows[0].person, "MariaCallas");
  EXPECT_EQ(catalog.rows[2].age, 1) << "not 1000, the number";
  EXPECT_EQ(catalog.rows[2].gender, Gender::male);
}

TEST(NamesOfCacd, hold_age_and_person) {
  Catalog catalog = read("CACD2000/53_Robin_Williams_0001.jpg\nCACD2000/14_Robert_Downey_Jr._0012.jpg\n");
  EXPECT_EQ(catalog.kind, "CACD names");
  EXPECT_EQ(catalog.rows[0].age, 53);
  EXPECT_EQ(catalog.rows[0].person, "Robin_Williams");
  EXPECT_EQ(catalog.rows[1].person, "Robert_Downey_Jr.");
}

TEST(NamesOfCacd, end_in_four_digits) {
  EXPECT_THAT(error_of([] { read("53_Robin_Williams_12.jpg\n"); }), HasSubstr("no known form of file names"));
}

TEST(NamesOfMorph, hold_person_gender_and_age) {
  Catalog catalog = read("Album2\\009055_1M54.JPG\r\nAlbum2\\009055_2M55.JPG\r\nAlbum2\\030012_00F21.JPG\r\n");
  EXPECT_EQ(catalog.kind, "MORPH names");
  EXPECT_EQ(catalog.rows[0].file, "Album2/009055_1M54.JPG");
  EXPECT_EQ(catalog.rows[0].age, 54);
  EXPECT_EQ(catalog.rows[0].person, "009055");
  EXPECT_EQ(catalog.rows[2].gender, Gender::female);
}

TEST(NamesOfFgNet, hold_person_and_age_also_in_a_folder_a_person) {
  Catalog catalog = read("001A43a.JPG\n001A43b.JPG\n082A00.jpg\n");
  EXPECT_EQ(catalog.kind, "FG-NET names");
  EXPECT_EQ(catalog.rows[0].age, 43);
  EXPECT_EQ(catalog.rows[0].person, "001");
  EXPECT_EQ(catalog.rows[2].age, 0);
  EXPECT_EQ(read("001/001A43a.JPG\n").rows[0].age, 43);
}

TEST(NamesOfAllAgeFaces, hold_the_age_and_by_the_number_the_gender) {
  Catalog catalog = read("07380A20.jpg\n07381A31.jpg\n");
  EXPECT_EQ(catalog.kind, "All-Age-Faces names");
  EXPECT_EQ(catalog.rows[0].gender, Gender::female);
  EXPECT_EQ(catalog.rows[1].gender, Gender::male);
  EXPECT_EQ(catalog.rows[1].age, 31);
}

TEST(NamesOfAfad, are_folders_of_age_and_gender) {
  Catalog catalog = read("AFAD-Lite/18/111/1001-0.jpg\nAFAD-Lite/39/112/77-1.jpg\n");
  EXPECT_EQ(catalog.kind, "AFAD names");
  EXPECT_EQ(catalog.rows[0].age, 18);
  EXPECT_EQ(catalog.rows[0].gender, Gender::male);
  EXPECT_EQ(catalog.rows[1].age, 39);
  EXPECT_EQ(catalog.rows[1].gender, Gender::female);
}

// 5 May 1981 to 1 July 2009; 12 October 1899 to 1 July 1968.
TEST(NamesOfImdbWiki, hold_dates_though_their_folders_look_like_ages) {
  Catalog catalog = read("17/10000217_1981-05-05_2009.jpg\n01/nm0000001_rm124825600_1899-10-12_1968.jpg\n");
  EXPECT_EQ(catalog.kind, "IMDB-WIKI names");
  EXPECT_EQ(age_of(catalog.rows[0], recipe::AgeRule::mid_year), 28);
  EXPECT_EQ(age_of(catalog.rows[1], recipe::AgeRule::mid_year), 68);
  EXPECT_EQ(catalog.rows[1].person, "nm0000001");
  EXPECT_EQ(catalog.rows[0].source, "wiki");
}

TEST(NamesOfImdbWiki, with_an_impossible_date_have_no_age) {
  Catalog catalog = read("63/670663_2015-02-16UTC08:04_1941.jpg\n00/100_1954-00-00_1999.jpg\n");
  EXPECT_EQ(age_of(catalog.rows[0], recipe::AgeRule::mid_year), -74);
  EXPECT_TRUE(std::isnan(age_of(catalog.rows[1], recipe::AgeRule::mid_year)));
}

TEST(NamesOfFolders, are_ages_or_ranges_and_above_them_may_be_parts) {
  Catalog catalog = read("025/b.jpg\n20-29/c.jpg\ntest/31/d.jpg\n");
  EXPECT_EQ(catalog.kind, "one folder an age");
  EXPECT_EQ(catalog.rows[0].age, 25);
  EXPECT_EQ(catalog.rows[1].age_range, (age::Range{20, 29}));
  EXPECT_EQ(catalog.rows[2].split, "test");
}

TEST(Names, that_can_be_read_in_two_ways_are_not_read_and_both_are_named) {
  std::string both = error_of([] { read("30/26_1_2_20170104023102422.jpg\n"); });
  EXPECT_THAT(both,
              AllOf(ContainsRegex("UTKFace [^ ]+ means age 26"), ContainsRegex("one folder an age [^ ]+ means age 30"),
                    HasSubstr("--names utkface or --names folders")));
  EXPECT_EQ(read("30/26_1_2_20170104023102422.jpg\n", {.names = "folders"}).rows[0].age, 30);
  EXPECT_EQ(read("30/26_1_2_20170104023102422.jpg\n", {.names = "utkface"}).rows[0].age, 26);
  EXPECT_EQ(read("26/26_1_2_20170104023102422.jpg\n").kind, "UTKFace names") << "both say 26";
}

TEST(Names, are_those_of_a_form_if_nine_tenths_fit_it) {
  std::string nine;
  for (int i = 1; i <= 9; ++i) nine += "2" + std::to_string(i) + "_1_2_2017010902305412" + std::to_string(i) + ".jpg\n";
  EXPECT_EQ(read(nine + "holiday.jpg\n").kind, "UTKFace names");
  EXPECT_THAT(error_of([&] { read(nine + "holiday.jpg\nbeach.jpg\n"); }), HasSubstr("(fits 9 of 11)"));
}

TEST(Names, are_recognised_by_all_of_them_not_by_the_first) {
  std::string mixed = "26_1_2_20170104023102422.jpg\nholiday.jpg\n3.jpg\n";
  EXPECT_THAT(error_of([&] { read(mixed); }), AllOf(HasSubstr("list: no known form of file names"),
                                                    HasSubstr("UTKFace [age]_[gender]_[race]_[date].jpg (fits 1 of 3)"),
                                                    HasSubstr("AgeDB"), HasSubstr("columns file and age")));
  std::string one_stray;
  for (int i = 0; i < 9; ++i) one_stray += "26_1_2_2017010402310242" + std::to_string(i) + ".jpg\n";
  Catalog catalog = read(one_stray + "holiday.jpg\n");
  EXPECT_EQ(catalog.rows.size(), 10U);
  EXPECT_TRUE(std::isnan(catalog.rows[9].age));
}

TEST(Names, that_no_picture_is_meant_by_are_passed_over) {
  EXPECT_EQ(read("20_0_0_1.jpg\n._20_0_0_1.jpg\n").rows.size(), 1U);
}

// MegaAge: list/train_name.txt and list/train_age.txt, line by line.
TEST(MegaAge, is_two_lists_side_by_side) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "agewise-megaage";
  std::filesystem::create_directories(folder);
  base::write_file(folder / "train_name.txt", "1.jpg\n2.jpg\n3.jpg\n");
  base::write_file(folder / "train_age.txt", "31\n7\n70\n");
  for (const char* name : {"train_name.txt", "train_age.txt"}) {
    Catalog catalog = read_labels(folder / name);
    EXPECT_EQ(catalog.kind, "MegaAge");
    ASSERT_EQ(catalog.rows.size(), 3U);
    EXPECT_EQ(catalog.rows[1].file, "train/2.jpg");
    EXPECT_EQ(catalog.rows[1].age, 7);
    EXPECT_EQ(catalog.rows[1].split, "train");
  }
  base::write_file(folder / "train_age.txt", "31\n7\n");
  EXPECT_THAT(error_of([&] { read_labels(folder / "train_name.txt"); }),
              HasSubstr("has 3 lines, but train_age.txt has 2"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace agewise::catalog
