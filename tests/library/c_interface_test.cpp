// The library as C sees it.
#include "agewise/agewise_c.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "tests/library/bright.h"

namespace agewise::library {
namespace {

using serve::grey_png;
using testing::HasSubstr;

class CInterface : public WithModel {
 protected:
  CInterface() {
    std::unique_ptr<agewise_options, decltype(&agewise_options_free)> options(agewise_options_new(),
                                                                              agewise_options_free);
    agewise_set_model(options.get(), file_.c_str());
    agewise_set_threads(options.get(), 1);
    agewise_set_distribution(options.get(), 1);
    agewise_set_standard_kernels(options.get(), 1);
    estimator_ = agewise_open(options.get());
  }
  ~CInterface() override { agewise_close(estimator_); }

  agewise_estimator* estimator_ = nullptr;
};

TEST_F(CInterface, tells_the_age_of_a_picture_in_memory) {
  std::vector<std::byte> png = grey_png(250);
  agewise_pictures* answer = agewise_estimate_file(estimator_, png.data(), png.size());
  ASSERT_NE(answer, nullptr) << agewise_error();
  ASSERT_EQ(agewise_picture_count(answer), 1U);
  ASSERT_EQ(agewise_face_count(answer, 0), 1U);
  const agewise_face* face = agewise_face_at(answer, 0, 0);
  EXPECT_EQ(face->age, 70);
  EXPECT_STREQ(face->age_class, "60 and over");
  EXPECT_STREQ(face->reason, "");
  EXPECT_TRUE(std::isnan(face->left) && std::isnan(face->low) && std::isnan(face->at_least) &&
              std::isnan(face->points[4].y));
  ASSERT_EQ(face->classes, 3U);
  EXPECT_GT(face->distribution[2], 0.9);
  EXPECT_EQ(agewise_width(answer, 0), 20);
  EXPECT_EQ(agewise_height(answer, 0), 30);
  agewise_pictures_free(answer);
}

TEST_F(CInterface, takes_lists_of_files_and_of_images) {
  std::vector<std::byte> dark = grey_png(5);
  const std::vector<agewise_file> files{{dark.data(), dark.size()}, {"text", 4}};
  agewise_pictures* answer = agewise_estimate_files(estimator_, files.data(), files.size());
  ASSERT_EQ(agewise_picture_count(answer), 2U);
  EXPECT_EQ(agewise_face_at(answer, 0, 0)->age, 20);
  EXPECT_EQ(agewise_is_readable(answer, 0), 1);
  EXPECT_EQ(agewise_is_readable(answer, 1), 0);
  EXPECT_STRNE(agewise_reason(answer, 1), "");
  agewise_pictures_free(answer);

  const std::vector<std::uint8_t> bright(std::size_t{4} * 20 * 20, 255);
  const agewise_image image{bright.data(), 20, 20, 0, AGEWISE_BGRA};
  answer = agewise_estimate_images(estimator_, &image, 1);
  EXPECT_EQ(agewise_face_at(answer, 0, 0)->age, 70);
  agewise_pictures_free(answer);
}

TEST_F(CInterface, tells_the_probability_of_being_so_many_years_old_or_older) {
  estimate::Model model = serve::bright_model();
  model.intervals = estimate::Intervals{0.9, {}, {{0, -5, 5}}, {{30, 0, 0.25}}};
  estimate::write_model(file_, model);
  agewise_options* options = agewise_options_new();
  agewise_set_model(options, file_.c_str());
  agewise_set_standard_kernels(options, 1);
  agewise_set_at_least(options, 30);
  agewise_estimator* estimator = agewise_open(options);
  ASSERT_NE(estimator, nullptr) << agewise_error();
  std::vector<std::byte> png = grey_png(250);
  agewise_pictures* answer = agewise_estimate_file(estimator, png.data(), png.size());
  EXPECT_NEAR(agewise_face_at(answer, 0, 0)->at_least, 0.909, 0.001);  // 1 / (1 + 9999^(-1/4))
  agewise_pictures_free(answer);
  agewise_close(estimator);
  agewise_options_free(options);
}

TEST_F(CInterface, gives_nothing_for_what_does_not_exist) {
  EXPECT_EQ(agewise_picture_count(nullptr), 0U);
  EXPECT_EQ(agewise_face_at(nullptr, 0, 0), nullptr);
  std::vector<std::byte> dark = grey_png(5);
  agewise_pictures* answer = agewise_estimate_file(estimator_, dark.data(), dark.size());
  EXPECT_EQ(agewise_face_at(answer, 0, 1), nullptr);
  EXPECT_EQ(agewise_face_count(answer, 1), 0U);
  EXPECT_STREQ(agewise_reason(answer, 1), "");
  agewise_pictures_free(answer);
  agewise_close(nullptr);
  agewise_pictures_free(nullptr);
  agewise_options_free(nullptr);
}

TEST_F(CInterface, returns_null_and_says_why_where_it_fails) {
  agewise_options* options = agewise_options_new();
  agewise_set_model(options, "/nowhere/m.safetensors");
  EXPECT_EQ(agewise_open(options), nullptr);
  EXPECT_THAT(agewise_error(), HasSubstr("/nowhere/m.safetensors"));
  agewise_options_free(options);
  EXPECT_EQ(agewise_estimate_file(nullptr, "", 0), nullptr);
  EXPECT_THAT(agewise_error(), HasSubstr("agewise_open()"));
  EXPECT_EQ(agewise_estimate_file(estimator_, nullptr, 3), nullptr);
  const agewise_image image{nullptr, 20, 20, 0, AGEWISE_RGB};
  EXPECT_EQ(agewise_estimate_image(estimator_, &image), nullptr);
  EXPECT_THAT(agewise_error(), HasSubstr("an image must have pixels"));
}

}  // namespace
}  // namespace agewise::library
