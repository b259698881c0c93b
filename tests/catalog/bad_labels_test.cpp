// Label files that are broken: each is one line that names the file and what is wrong.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/screen.h"
#include "tests/catalog/write_mat.h"

namespace agewise::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const double kInfinite = std::numeric_limits<double>::infinity();

const std::vector<MatRow> kRows{
    {727015, 2010, "01/a_1990-07-01_2010.jpg  ", 1, "Ånne", {0.5, 2, 10, 12}, 3, kNotANumber},
    {kNotANumber, 2010, "02/b.jpg", kNotANumber, "", {1, 1, 5, 5}, -kInfinite, kNotANumber},
    {727015, kInfinite, "03/c.jpg", 0, "C", {1, 1, 5, 5}, 2, 1.5},
};

class BadLabels : public testing::Test {
 protected:
  std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "agewise-labels.mat";
  void TearDown() override { std::filesystem::remove(file_); }

  std::string error() {
    try {
      read_labels(file_);
    } catch (const base::Error& problem) {
      EXPECT_EQ(std::string(problem.what()).find('\n'), std::string::npos);
      return problem.what();
    }
    return "no error";
  }
};

TEST_F(BadLabels, a_whole_file_is_read_with_its_odd_values_kept) {
  write_mat(file_, kRows);
  std::vector<CatalogRow> rows = read_labels(file_).rows;
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].file, "01/a_1990-07-01_2010.jpg");
  EXPECT_EQ(rows[0].person, "Ånne");
  EXPECT_EQ(rows[0].face->left, -0.5);
  EXPECT_EQ(rows[0].face->right, 10);
  EXPECT_EQ(screen(rows[0], {}), Reason::none);
  EXPECT_EQ(screen(rows[1], {}), Reason::unknown_date);
  EXPECT_EQ(screen(rows[2], {}), Reason::unknown_date);
}

TEST_F(BadLabels, imdb_s_people_are_those_whom_celeb_id_names) {
  write_mat(file_, kRows, {.variable = "imdb", .celebrities = {"Ann", "Bób"}});
  std::vector<CatalogRow> rows = read_labels(file_).rows;
  EXPECT_EQ(rows[0].person, "Ann");
  EXPECT_EQ(rows[1].person, "Bób");
  EXPECT_EQ(rows[2].person, "Ann");
  EXPECT_EQ(rows[0].source, "imdb");
}

TEST_F(BadLabels, missing_empty_and_foreign_files) {
  EXPECT_THAT(error(), AllOf(HasSubstr("agewise-labels.mat"), HasSubstr("No such file")));
  base::write_file(file_, "");
  EXPECT_THAT(error(), HasSubstr("agewise-labels.mat: is empty"));
  base::write_file(file_, std::string_view("\x7f"
                                           "ELF\x02\x01\x01\0\0\0",
                                           10));
  EXPECT_THAT(error(), AllOf(HasSubstr("agewise-labels.mat"), HasSubstr("is not a label file")));
  base::write_file(file_, std::string("PK\x03\x04") + std::string(26, '\0') + "[Content_Types].xml");
  EXPECT_THAT(error(), HasSubstr("agewise-labels.mat: is an Excel workbook; save it as CSV"));
  base::write_file(file_, std::string("PK\x03\x04") + std::string(26, '\0') + "UTKFace/1_0_0_20161219140623097.jpg");
  EXPECT_THAT(error(), HasSubstr("unzip -Z1 " + file_.string() + " > names.txt"));
  base::write_file(file_, "\x1F\x8B\x08");
  EXPECT_THAT(error(), HasSubstr("tar -tf " + file_.string() + " > names.txt"));
  base::write_file(file_, std::string("a.jpg") + std::string(252, '\0') + "ustar ");
  EXPECT_THAT(error(), HasSubstr("tar -tf " + file_.string() + " > names.txt"));
  for (const char* text : {"[{\"file\": \"a.jpg\", \"age\": 3}]", "{\"file\": \"a.jpg\", \"age\": 3}\n"}) {
    base::write_file(file_, text);
    EXPECT_THAT(error(), HasSubstr("is JSON; convert it to CSV with the columns file and age"));
  }
  base::write_file(file_, "MATLAB 5.0 MAT-file, and nothing behind it");
  EXPECT_THAT(error(), HasSubstr("agewise-labels.mat"));
}

TEST_F(BadLabels, cut_short_at_any_place) {
  write_mat(file_, kRows);
  std::vector<std::byte> whole = base::read_file(file_, 1 << 20);
  for (std::size_t size : {std::size_t{100}, std::size_t{128}, std::size_t{140}, whole.size() / 2, whole.size() - 12}) {
    base::write_file(file_, std::span(whole).first(size));
    EXPECT_THAT(error(), HasSubstr("agewise-labels.mat")) << size;
  }
}

TEST_F(BadLabels, without_the_struct_or_a_field_or_with_the_wrong_lengths_or_types) {
  write_mat(file_, kRows, {.variable = "faces"});
  EXPECT_THAT(error(), HasSubstr("has no struct called imdb or wiki"));
  for (const char* field :
       {"dob", "photo_taken", "full_path", "gender", "name", "face_location", "face_score", "second_face_score"}) {
    write_mat(file_, kRows, {.without_field = field});
    EXPECT_THAT(error(), HasSubstr(std::string("field wiki.") + field + " is missing"));
    write_mat(file_, kRows, {.mistyped_field = field});
    EXPECT_THAT(error(), HasSubstr("field wiki."));
    write_mat(file_, kRows, {.short_field = field});
    EXPECT_THAT(error(), AllOf(HasSubstr("elements; full_path has"), HasSubstr("agewise-labels.mat")));
  }
}

TEST_F(BadLabels, matlab_7_3_says_how_to_save_it_instead) {
  base::write_file(file_, "MATLAB 7.3 MAT-file, Platform: GLNXA64" + std::string(86, ' ') +
                              std::string("\x00\x02IM", 4) + std::string(400, '\0'));
  EXPECT_THAT(error(), HasSubstr("agewise-labels.mat"));
}

}  // namespace
}  // namespace agewise::catalog
