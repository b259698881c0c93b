// The label lists that data sets publish, each made here from the description of its format: read without an option.
#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/files.h"
#include "agewise/catalog/labels.h"
#include "agewise/catalog/screen.h"

namespace agewise::catalog {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Published : public testing::Test {
 protected:
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "agewise-published";
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Catalog read(const std::string& name, std::string_view text) {
    base::write_file(folder_ / name, text);
    return read_labels(folder_ / name);
  }
};

std::map<Reason, int> reasons(const Catalog& catalog) {
  std::map<Reason, int> counts;
  for (const CatalogRow& row : catalog.rows) ++counts[screen(row, {})];
  return counts;
}

std::string utf16(std::string_view ascii, bool big, bool marked) {
  std::string text = !marked ? "" : big ? "\xFE\xFF" : "\xFF\xFE";
  for (char c : ascii) text += big ? std::string("\0", 1) + c : c + std::string("\0", 1);
  return text;
}

TEST_F(Published, fairface_has_ranges_and_its_part_in_the_file_s_name) {
  std::string text =
      "file,age,gender,race,service_test\r\nval/1.jpg,3-9,Male,East Asian,False\r\n"
      "val/2.jpg,more than 70,Female,White,True\r\nval/3.jpg,0-2,Female,Latino_Hispanic,True\r\n";
  Catalog catalog = read("fairface_label_val.csv", text);
  EXPECT_EQ(catalog.kind, "FairFace");
  ASSERT_EQ(catalog.rows.size(), 3U);
  EXPECT_EQ(catalog.rows[0].age_range, (age::Range{3, 9}));
  EXPECT_EQ(catalog.rows[0].gender, Gender::male);
  EXPECT_EQ(catalog.rows[0].race, "East Asian");
  EXPECT_EQ(catalog.rows[0].split, "val");
  EXPECT_EQ(catalog.rows[1].age_range, age::Range{70});
  EXPECT_EQ(reasons(catalog)[Reason::none], 3);
}

TEST_F(Published, fairface_saved_by_a_spreadsheet_has_the_same_ranges) {
  std::string text =
      "sep=;\r\nfile;age;gender;race;service_test\r\ntrain/1.jpg;9-Mar;Male;Black;TRUE\r\n"
      "train/2.jpg;Oct-19;Male;Black;TRUE\r\ntrain/3.jpg;03-Sep;Male;Black;TRUE\r\n";
  Catalog catalog = read("fairface_label_train.csv", "\xEF\xBB\xBF" + text);
  EXPECT_EQ(catalog.kind, "FairFace");
  EXPECT_EQ(catalog.rows[0].age_range, (age::Range{3, 9}));
  EXPECT_EQ(catalog.rows[1].age_range, (age::Range{10, 19}));
  EXPECT_EQ(catalog.rows[2].age_range, (age::Range{3, 9}));
}

// Adience's readme: faces/USER/coarse_tilt_aligned_face.FACE.IMAGE and aligned/USER/landmark_aligned_face.FACE.IMAGE.
TEST_F(Published, adience_has_ranges_ages_and_none) {
  Catalog catalog =
      read("fold_0_data.txt",
           "user_id\toriginal_image\tface_id\tage\tgender\tx\ty\tdx\tdy\ttilt_ang\tfiducial_yaw_angle\tfiducial_score\n"
           "30601258@N03\t10399646885_67c7d20df9_o.jpg\t1\t(25, 32)\tf\t0\t414\t1086\t1383\t-115\t30\t17\n"
           "30601258@N03\t10424815813_e94629b1ec_o.jpg\t2\t35\tm\t301\t105\t640\t641\t0\t0\t94\n"
           "30601258@N03\t10437979845_5985be4b26_o.jpg\t1\tNone\t\t2395\t876\t771\t771\t175\t-30\t74\n");
  EXPECT_EQ(catalog.kind, "Adience");
  ASSERT_EQ(catalog.rows.size(), 3U);
  EXPECT_EQ(catalog.rows[0].file, "30601258@N03/landmark_aligned_face.1.10399646885_67c7d20df9_o.jpg");
  EXPECT_EQ(catalog.rows[0].age_range, (age::Range{25, 32}));
  EXPECT_EQ(catalog.rows[0].gender, Gender::female);
  EXPECT_EQ(catalog.rows[0].person, "30601258@N03");
  EXPECT_EQ(catalog.rows[1].age, 35);
  EXPECT_EQ(reasons(catalog), (std::map<Reason, int>{{Reason::none, 2}, {Reason::unknown_age, 1}}));
}

TEST_F(Published, appa_real_has_its_part_in_the_file_s_name) {
  Catalog catalog =
      read("gt_avg_valid.csv",
           "file_name,num_ratings,apparent_age_avg,apparent_age_std,real_age\n004113.jpg,38,27.8,4.6,25\n");
  EXPECT_EQ(catalog.kind, "CSV");
  EXPECT_EQ(catalog.rows[0].split, "val");
  EXPECT_EQ(catalog.rows[0].file, "valid/004113.jpg") << "train/ and test/ have pictures of the same names";
  EXPECT_EQ(catalog.rows[0].age, 27.8);
  EXPECT_EQ(catalog.rows[0].real_age, 25);
}

TEST_F(Published, wiki_csv_of_yu4u_says_1_for_men) {
  Catalog catalog = read("wiki.csv",
                         "genders,ages,img_paths\n1,28,17/10000217_1981-05-05_2009.jpg\n"
                         "0,41,16/10002116_1971-05-31_2012.jpg\n");
  EXPECT_EQ(catalog.rows[0].gender, Gender::male);
  EXPECT_EQ(catalog.rows[1].gender, Gender::female);
  EXPECT_EQ(catalog.rows[1].age, 41);
  EXPECT_THAT(catalog.reading, HasSubstr("1 means male"));
}

TEST_F(Published, wiki_csv_of_yu4u_is_read_whole) {
  std::filesystem::path file = std::filesystem::path(AGEWISE_SHARED_DIR) / "data/wiki/wiki_yu4u_clean.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  Catalog catalog = read_labels(file);
  EXPECT_EQ(catalog.rows.size(), 38138U);
  EXPECT_EQ(reasons(catalog)[Reason::none], 38138);
  EXPECT_THAT(catalog.notes, IsEmpty());
}

// IMDB-Clean and LAGENDA say where the face is; LAGENDA writes -1 for what is not known.
TEST_F(Published, imdb_clean_and_lagenda_say_where_the_face_is) {
  Catalog clean = read("imdb_valid_new_1024.csv",
                       "filename,age,gender,x_min,y_min,x_max,y_max,head_roll,head_yaw,head_pitch\n"
                       "01/nm0000001_rm124825600_1899-5-10_1968.jpg,69,M,425,194,744,513,-1.5,-15.5,8.4\n");
  EXPECT_EQ(clean.rows[0].split, "val");
  EXPECT_EQ(clean.rows[0].face->left, 425);
  EXPECT_EQ(clean.rows[0].face->bottom, 513);
  Catalog lagenda = read("lagenda_annotation.csv",
                         "img_name,age,gender,face_x0,face_y0,face_x1,face_y1,body_x0,body_y0,body_x1,body_y1\n"
                         "a.jpg,13,F,10,20,30,50,0,0,90,90\na.jpg,-1,-1,-1,-1,-1,-1,5,5,80,80\n");
  EXPECT_EQ(lagenda.rows[0].face->right, 30);
  EXPECT_FALSE(lagenda.rows[1].face.has_value());
  EXPECT_EQ(reasons(lagenda), (std::map<Reason, int>{{Reason::none, 1}, {Reason::age_below_minimum, 1}}));
}

TEST_F(Published, kaggle_s_age_gender_csv_has_utkface_s_genders_and_races) {
  Catalog catalog = read("age_gender.csv",
                         "age,ethnicity,gender,img_name,pixels\n"
                         "1,0,1,20161219203650636.jpg.chip.jpg,129 128 128\n");
  EXPECT_EQ(catalog.rows[0].age, 1);
  EXPECT_EQ(catalog.rows[0].gender, Gender::female);
  EXPECT_EQ(catalog.rows[0].race, "White");
}

TEST_F(Published, morph_s_table_has_dates_that_are_not_matlab_s_and_persons) {
  Catalog catalog = read("MORPH_Album2_Caucasian.csv",
                         "id_num,picture_num,dob,doa,race,gender,facial_hair,age,age_diff,glasses,photo\n"
                         "9055,1,11/02/1948,12/25/2002,W,M,NULL,54,0,0,Album2/009055_1M54.JPG\n");
  EXPECT_EQ(catalog.rows[0].file, "Album2/009055_1M54.JPG");
  EXPECT_EQ(catalog.rows[0].age, 54);
  EXPECT_EQ(catalog.rows[0].person, "9055");
}

TEST_F(Published, tables_may_be_utf_16_with_or_without_a_mark) {
  for (bool big : {false, true}) {
    for (bool marked : {false, true}) {
      Catalog catalog = read("utf16.csv", utf16("file,age\na.jpg,25\n", big, marked));
      ASSERT_EQ(catalog.rows.size(), 1U);
      EXPECT_EQ(catalog.rows[0].age, 25);
    }
  }
}

}  // namespace
}  // namespace agewise::catalog
