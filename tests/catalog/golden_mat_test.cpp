// .mat files that scipy wrote (golden/make.py, which says what is in them), whole and damaged.
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/catalog.h"
#include "tests/error_of.h"

namespace agewise::catalog {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(AGEWISE_SOURCE_DIR) / "tests/catalog/golden";

TEST(GoldenMat, is_read_the_same_compressed_or_not_and_of_either_name) {
  for (const char* name : {"wiki.mat", "wiki_plain.mat", "imdb.mat"}) {
    SCOPED_TRACE(name);
    std::vector<CatalogRow> rows = read_labels(kGolden / name).rows;
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].file, "01/a_1984-02-03_2009.jpg");
    EXPECT_EQ(rows[1].file, "02/b_1990-07-01_2010.jpg");  // two blanks cut off
    EXPECT_EQ(base::date_of_matlab_day(static_cast<std::int64_t>(*rows[0].born)), (base::Date{1984, 2, 3}));
    EXPECT_TRUE(std::isnan(*rows[2].born));
    EXPECT_EQ(rows[2].taken, 1965);
    EXPECT_EQ(rows[0].gender, Gender::male);
    EXPECT_EQ(rows[1].gender, Gender::female);
    EXPECT_EQ(rows[2].gender, Gender::unknown);
    EXPECT_EQ(rows[0].person, "Åsa Öberg");
    EXPECT_EQ(rows[1].person, "小川 紳介");
    EXPECT_TRUE(std::isinf(rows[1].face_score));
    EXPECT_TRUE(std::isnan(rows[1].second_face_score));
    EXPECT_EQ(rows[2].second_face_score, 2.25);
  }
}

TEST(GoldenMat, boxes_of_any_storage_type_begin_at_0_and_end_exclusive) {
  std::vector<CatalogRow> rows = read_labels(kGolden / "wiki.mat").rows;
  EXPECT_EQ(rows[0].face->left, -0.5);
  EXPECT_EQ(rows[0].face->top, 1);
  EXPECT_EQ(rows[0].face->right, 10);
  EXPECT_EQ(rows[0].face->bottom, 12);
  EXPECT_EQ(rows[1].face->left, 0);
  EXPECT_EQ(rows[1].face->right, 250);
}

TEST(GoldenMat, of_imdb_takes_people_from_celeb_id_and_else_from_names) {
  EXPECT_EQ(read_labels(kGolden / "imdb.mat").rows[2].person, "Åsa Öberg");  // celeb_id 1; its name is empty
  EXPECT_EQ(read_labels(kGolden / "wiki.mat").rows[2].person, "");
}

TEST(GoldenMat, of_cacd_has_ages_and_the_persons_of_the_other_struct) {
  Catalog catalog = read_labels(kGolden / "cacd.mat");
  EXPECT_EQ(catalog.kind, "CACD .mat");
  ASSERT_EQ(catalog.rows.size(), 4U);
  EXPECT_EQ(catalog.rows[1].file, "54_Robert_De_Niro_0002.jpg");
  EXPECT_EQ(catalog.rows[1].age, 54);
  EXPECT_EQ(catalog.rows[1].person, "Robert De Niro");
  EXPECT_EQ(catalog.rows[1].source, "cacd");
  EXPECT_EQ(catalog.rows[2].file, "16_Zoë_Kravitz_0001.jpg");
  EXPECT_EQ(catalog.rows[2].person, "Zoë Kravitz");
  EXPECT_EQ(catalog.rows[3].person, "cacd 7");
  EXPECT_EQ(read_labels(kGolden / "cacd_pictures_only.mat").rows[2].person, "cacd 2");
}

TEST(GoldenMat, of_cacd_with_fewer_ages_than_names_is_refused) {
  EXPECT_THAT(error_of([] { read_labels(kGolden / "cacd_short.mat"); }),
              testing::HasSubstr("field celebrityImageData.age has 3 elements; name has 4"));
}

class DamagedMat : public testing::TestWithParam<const char*> {
 protected:
  std::vector<std::byte> content_ = base::read_file(kGolden / GetParam(), 1 << 20);
  std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "agewise-damaged.mat";
  void TearDown() override { std::filesystem::remove(file_); }

  // Whether it is refused, in one line that names it.
  bool is_refused(std::span<const std::byte> content) {
    std::ofstream(file_, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    try {
      read_labels(file_);
      return false;
    } catch (const base::Error& error) {
      std::string text = error.what();
      EXPECT_NE(text.find("agewise-damaged.mat"), std::string::npos) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      return true;
    }
  }
};

TEST_P(DamagedMat, is_refused_wherever_it_is_cut_short) {
  for (std::size_t size = 0; size < content_.size(); size += 7)
    EXPECT_TRUE(is_refused(std::span(content_).first(size))) << size;
}

TEST_P(DamagedMat, with_any_byte_changed_is_read_or_refused) {
  int refused = 0;
  for (std::size_t i = 0; i < content_.size(); ++i) {
    std::byte was = std::exchange(content_[i], content_[i] ^ std::byte{0x81});
    refused += is_refused(content_) ? 1 : 0;
    content_[i] = was;
  }
  EXPECT_GT(refused, 300);  // the rest are values, or text of the header
}

INSTANTIATE_TEST_SUITE_P(Golden, DamagedMat, testing::Values("wiki_plain.mat", "wiki.mat", "cacd.mat"));

}  // namespace
}  // namespace agewise::catalog
