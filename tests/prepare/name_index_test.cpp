#include "agewise/prepare/name_index.h"

#include <gmock/gmock.h>

namespace agewise::prepare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<catalog::CatalogRow> named(const std::vector<std::string>& files) {
  std::vector<catalog::CatalogRow> rows;
  for (const std::string& file : files) {
    rows.emplace_back();
    rows.back().file = file;
  }
  return rows;
}

TEST(FitOf, counts_whole_components_from_the_last_on) {
  EXPECT_EQ(fit_of("17/a.jpg", "wiki_crop/17/a.jpg").length, 2);
  EXPECT_EQ(fit_of("7/a.jpg", "17/a.jpg").length, 1);
  EXPECT_EQ(fit_of("a.jpg", "ba.jpg").length, 0);
  EXPECT_EQ(fit_of("./17//a.jpg", "/x/17/./a.jpg").length, 2);
  EXPECT_EQ(fit_of("", "a.jpg").length, 0);
}

TEST(FitOf, is_better_where_a_path_is_used_up) {
  EXPECT_TRUE(fit_of("UTKFace/a.jpg", "x/y/UTKFace/a.jpg").whole);
  EXPECT_FALSE(fit_of("z/UTKFace/a.jpg", "x/y/UTKFace/a.jpg").whole);
  EXPECT_TRUE(fit_of("a.jpg", "faces/a.jpg").exact) << "the folder's own name";
  EXPECT_FALSE(fit_of("a.jpg", "faces/more/a.jpg").exact);
  EXPECT_GT(fit_of("17/b/a.jpg", "b/a.jpg"), fit_of("a.jpg", "b/a.jpg")) << "longer goes before whole";
}

TEST(Comparable, are_paths_of_windows_and_of_other_endings) {
  EXPECT_EQ(comparable("C:\\data\\20\\A.JPG"), "/data/20/A.jpg");
  EXPECT_EQ(comparable("a.B/c.JPEG"), "a.B/c.jpeg");
  EXPECT_EQ(comparable("A.B/c"), "A.B/c") << "no ending";
}

// Unicode, UAX #15: é is U+00E9, or e with U+0301; C3 A9, or 65 CC 81 in UTF-8, E9 in Windows-1252.
TEST(Comparable, are_names_however_their_letters_are_written) {
  EXPECT_EQ(comparable("e\xCC\x81mile.jpg"), "\xC3\xA9mile.jpg");
  EXPECT_EQ(comparable("\xC3\xA9mile.jpg"), "\xC3\xA9mile.jpg");
  EXPECT_EQ(comparable("\xE9mile.jpg"), "\xC3\xA9mile.jpg");
}

// Adience's readme: faces/USER/coarse_tilt_aligned_face.FACE.IMAGE, aligned/USER/landmark_aligned_face.FACE.IMAGE.
TEST(Comparable, are_both_cuts_of_adience) {
  EXPECT_EQ(comparable("faces/1@N03/coarse_tilt_aligned_face.1.a_o.jpg"), "faces/1@N03/1.a_o.jpg");
  EXPECT_EQ(comparable("1@N03/landmark_aligned_face.1.a_o.jpg"), "1@N03/1.a_o.jpg");
}

TEST(NameIndex, finds_the_row_with_the_longest_common_suffix) {
  std::vector<catalog::CatalogRow> rows = named({"16/a.jpg", "17/a.jpg", "17/b.jpg"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("wiki_crop/17/a.jpg").rows, ElementsAre(1));
  EXPECT_THAT(index.find("b.jpg").rows, ElementsAre(2));
  EXPECT_THAT(index.find("17/c.jpg").rows, IsEmpty());
}

TEST(NameIndex, prefers_the_row_whose_whole_path_fits) {
  std::vector<catalog::CatalogRow> rows = named({"UTKFace/a.jpg", "utkface_aligned_cropped/UTKFace/a.jpg"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("archive/UTKFace/a.jpg").rows, ElementsAre(0));
  EXPECT_THAT(index.find("archive/utkface_aligned_cropped/UTKFace/a.jpg").rows, ElementsAre(1));
}

TEST(NameIndex, gives_all_rows_that_fit_equally_well) {
  std::vector<catalog::CatalogRow> rows = named({"16/a.jpg", "17/a.jpg"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("a.jpg").rows, ElementsAre(0, 1));
  EXPECT_TRUE(index.find("a.jpg").ambiguous);
  EXPECT_THAT(index.find("18/a.jpg").rows, ElementsAre(0, 1));
}

TEST(NameIndex, gives_rows_of_one_name_without_calling_them_ambiguous) {
  std::vector<catalog::CatalogRow> rows = named({"17/a.jpg", "17\\a.JPG"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("17/a.jpg").rows, ElementsAre(0, 1));
  EXPECT_FALSE(index.find("17/a.jpg").ambiguous);
}

TEST(NameIndex, finds_names_however_they_are_written) {
  std::vector<catalog::CatalogRow> rows = named({"C:\\x\\J\xC3\xBCrgen_1.JPG"});
  NameIndex index(rows);
  EXPECT_THAT(index.find("faces/Ju\xCC\x88rgen_1.jpg").rows, ElementsAre(0));
}

}  // namespace
}  // namespace agewise::prepare
