// matio reads what write_wiki_mat writes.
#include "demo/wiki_mat.h"

#include <gtest/gtest.h>
#include <matio.h>

#include <cmath>
#include <memory>

namespace agewise::demo {
namespace {

struct CloseMat {
  void operator()(mat_t* mat) const { Mat_Close(mat); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

class WikiMat : public testing::Test {
 protected:
  void SetUp() override {
    write_wiki_mat(file_,
                   {{727015, 2010, "01/1_1990-07-01_2010.jpg", 1, "Åsa 小", {0, 1, 250.5, 12}, 3.5, std::nan("")},
                    {4077, 1965, "abc", std::nan(""), "", {9, 8, 10, 11}, kNoFace, 2.25}});
    mat_.reset(Mat_Open(file_.c_str(), MAT_ACC_RDONLY));
    ASSERT_TRUE(mat_);
    wiki_.reset(Mat_VarRead(mat_.get(), "wiki"));
    ASSERT_TRUE(wiki_);
    ASSERT_EQ(wiki_->class_type, MAT_C_STRUCT);
  }
  void TearDown() override { std::filesystem::remove(file_); }

  const matvar_t* field(const char* name, matio_classes expected) {
    const matvar_t* found = Mat_VarGetStructFieldByName(wiki_.get(), name, 0);
    EXPECT_TRUE(found != nullptr && found->class_type == expected) << name;
    EXPECT_TRUE(found->rank == 2 && found->dims[0] == 1 && found->dims[1] == 2) << name;
    return found;
  }
  double number(const char* name, std::size_t row) {
    return static_cast<const double*>(field(name, MAT_C_DOUBLE)->data)[row];
  }
  const matvar_t* cell(const char* name, std::size_t row) {
    return static_cast<matvar_t**>(field(name, MAT_C_CELL)->data)[row];
  }
  std::string text(const char* name, std::size_t row) {
    const matvar_t* found = cell(name, row);
    EXPECT_EQ(found->class_type, MAT_C_CHAR);
    return {static_cast<const char*>(found->data), found->nbytes};
  }

  std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "agewise-wiki-mat-test.mat";
  std::unique_ptr<mat_t, CloseMat> mat_;
  std::unique_ptr<matvar_t, FreeVariable> wiki_;
};

TEST_F(WikiMat, has_the_numbers_with_nan_and_minus_infinity) {
  EXPECT_EQ(number("dob", 0), 727015);
  EXPECT_EQ(number("dob", 1), 4077);
  EXPECT_EQ(number("photo_taken", 1), 1965);
  EXPECT_EQ(number("gender", 0), 1);
  EXPECT_TRUE(std::isnan(number("gender", 1)));
  EXPECT_EQ(number("face_score", 0), 3.5);
  EXPECT_EQ(number("face_score", 1), -INFINITY);
  EXPECT_TRUE(std::isnan(number("second_face_score", 0)));
  EXPECT_EQ(number("second_face_score", 1), 2.25);
}

TEST_F(WikiMat, has_texts_as_utf8_while_they_are_ascii_and_else_as_utf16) {
  EXPECT_EQ(text("full_path", 0), "01/1_1990-07-01_2010.jpg");
  EXPECT_EQ(text("full_path", 1), "abc");  // within the tag
  EXPECT_EQ(text("name", 1), "");
  const matvar_t* name = cell("name", 0);
  ASSERT_EQ(name->data_type, MAT_T_UTF16);
  ASSERT_EQ(name->nbytes, 10U);
  const auto* units = static_cast<const std::uint16_t*>(name->data);
  EXPECT_EQ(std::vector<std::uint16_t>(units, units + 5), (std::vector<std::uint16_t>{0xC5, 's', 'a', ' ', 0x5C0F}));
}

TEST_F(WikiMat, has_boxes_from_one_and_inclusive) {
  const matvar_t* box = cell("face_location", 0);
  ASSERT_EQ(box->class_type, MAT_C_DOUBLE);
  ASSERT_EQ(box->dims[1], 4U);
  const auto* corners = static_cast<const double*>(box->data);
  EXPECT_EQ(std::vector<double>(corners, corners + 4), (std::vector<double>{1, 2, 250.5, 12}));
}

}  // namespace
}  // namespace agewise::demo
