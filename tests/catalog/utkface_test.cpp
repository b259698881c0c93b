#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/files.h"
#include "agewise/catalog/labels.h"
#include "tests/error_of.h"
#include "tests/unprivileged.h"

namespace agewise::catalog {
namespace {

CatalogRow row_of(const std::string& name) { return parse_names(name, "names", {.names = "utkface"}).rows.at(0); }

// UTKFace: [age]_[gender]_[race]_[date&time].jpg, gender 0 male 1 female, race 0 … 4.
TEST(UtkFaceName, holds_age_gender_and_race) {
  CatalogRow row = row_of("UTKFace/26_1_2_20170104023102422.jpg.chip.jpg");
  EXPECT_EQ(row.age, 26);
  EXPECT_EQ(row.gender, Gender::female);
  EXPECT_EQ(row.race, "Asian");
  EXPECT_EQ(row.file, "UTKFace/26_1_2_20170104023102422.jpg.chip.jpg");
}

// Three names of the real set lack the race.
TEST(UtkFaceName, without_a_race_still_has_an_age) {
  CatalogRow row = row_of("39_1_20170116174525125.jpg.chip.jpg");
  EXPECT_EQ(row.age, 39);
  EXPECT_EQ(row.gender, Gender::female);
  EXPECT_TRUE(row.race.empty());
}

TEST(UtkFaceName, that_is_none_has_no_age) {
  for (const char* name : {"holiday.jpg", "_1_2.jpg", "99999999999_1_2.jpg"})
    EXPECT_TRUE(std::isnan(row_of(name).age)) << name;
}

TEST(UtkFaceNames, are_one_a_line) {
  Catalog catalog = parse_names("1_0_0_x.jpg\r\n\n2_1_0_y.jpg", "names");
  ASSERT_EQ(catalog.rows.size(), 2U);
  EXPECT_EQ(catalog.kind, "UTKFace names");
  EXPECT_EQ(catalog.rows[0].file, "1_0_0_x.jpg");
  EXPECT_EQ(catalog.rows[1].age, 2);
}

// As `tar -tf` and `find` print them.
TEST(UtkFaceNames, with_folders_among_them_are_recognised_by_content) {
  std::filesystem::path list = std::filesystem::path(testing::TempDir()) / "agewise-names.txt";
  base::write_file(list, "UTKFace/\nUTKFace/1_0_0_x.jpg\n");
  Catalog catalog = read_labels(list);
  std::filesystem::remove(list);
  ASSERT_EQ(catalog.rows.size(), 1U);
  EXPECT_EQ(catalog.kind, "UTKFace names");
  EXPECT_EQ(catalog.rows[0].file, "UTKFace/1_0_0_x.jpg");
}

TEST(UtkFaceNames, of_a_folder_of_pictures_are_sorted) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "agewise-names";
  std::filesystem::create_directories(folder / "part1");
  for (const char* name : {"part1/7_0_1_y.jpg", "3_1_2_x.JPG", "readme.txt"}) base::write_file(folder / name, "x");
  Catalog catalog = read_labels(folder);
  std::filesystem::remove_all(folder);
  ASSERT_EQ(catalog.rows.size(), 2U);
  EXPECT_EQ(catalog.rows[0].file, "3_1_2_x.JPG");
  EXPECT_EQ(catalog.rows[1].file, "part1/7_0_1_y.jpg");
}

TEST(UtkFaceNames, that_there_are_none_of_in_a_folder_leave_its_label_files_to_be_named) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "agewise-holder";
  std::filesystem::create_directories(folder / "list");
  for (const char* name : {"list/train_age.txt", "gt.CSV", "1.jpg"}) base::write_file(folder / name, "x");
  EXPECT_THAT(error_of([&] { read_labels(folder); }),
              testing::HasSubstr("possible label files in it: gt.CSV, list/train_age.txt"));
  std::filesystem::remove(folder / "1.jpg");
  EXPECT_THAT(error_of([&] { read_labels(folder); }),
              testing::HasSubstr("possible label files in it: gt.CSV, list/train_age.txt"));
  std::filesystem::remove_all(folder);
}

// A folder that only another user may list costs its own pictures and no others.
TEST(UtkFaceNames, of_a_folder_with_a_closed_one_below_are_read_and_the_closed_one_is_named) {
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "agewise-closed";
  std::filesystem::create_directories(folder / "part2");
  for (const char* name : {"part2/7_0_1_y.jpg", "3_1_2_x.jpg"}) base::write_file(folder / name, "x");
  std::filesystem::permissions(folder / "part2", std::filesystem::perms::none);
  Catalog catalog;
  {
    Unprivileged nobody;
    catalog = read_labels(folder);
  }
  std::filesystem::permissions(folder / "part2", std::filesystem::perms::owner_all);
  std::filesystem::remove_all(folder);
  ASSERT_EQ(catalog.rows.size(), 1U);
  EXPECT_EQ(catalog.rows[0].file, "3_1_2_x.jpg");
  ASSERT_EQ(catalog.notes.size(), 1U);
  EXPECT_THAT(catalog.notes[0],
              testing::AllOf(testing::HasSubstr("agewise-closed/part2"), testing::HasSubstr("Permission denied")));
}

}  // namespace
}  // namespace agewise::catalog
