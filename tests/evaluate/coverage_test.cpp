#include "agewise/evaluate/coverage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "agewise/base/random.h"

namespace agewise::evaluate {
namespace {

Prediction prediction(double age, double estimate, const std::string& person = "") {
  Prediction one;
  one.face.age = age;
  one.face.person = person;
  one.estimate = estimate;
  return one;
}

TEST(CoverageStudy, finds_the_promised_share_where_errors_are_alike) {
  base::Random random(9, base::Purpose::test);
  std::vector<Prediction> all;
  for (int i = 0; i < 1200; ++i) {
    double age = random.uniform(10, 80);
    all.push_back(prediction(age, age + 4 * random.normal()));
  }
  CoverageStudy study = study_coverage(all, 0.9, 20);
  EXPECT_NEAR(study.mean, 0.9, 0.02);
  EXPECT_LT(study.deviation, 0.03);
  EXPECT_NEAR(study.width, 2 * 1.645 * 4, 1.5);  // the normal distribution's 90 %
}

// Copies of one picture on both sides would make the intervals look right that hold for no new picture.
TEST(CoverageStudy, keeps_a_persons_pictures_together) {
  std::vector<Prediction> all;
  for (int person = 0; person < 40; ++person) {
    for (int copy = 0; copy < 10; ++copy) all.push_back(prediction(40, 40 + person, std::to_string(person)));
  }
  // A person's pictures all have one error: a half has each error ten times or not at all.
  CoverageStudy study = study_coverage(all, 0.9, 5);
  EXPECT_LE(study.lowest, 0.96);
  EXPECT_DOUBLE_EQ(study.lowest * 20, std::round(study.lowest * 20));  // whole persons of the 20 in a half
}

TEST(CoverageStudy, refuses_too_few_pictures) {
  std::vector<Prediction> all(30, prediction(40, 41));
  EXPECT_THROW(study_coverage(all, 0.9, 1), std::invalid_argument);
}

}  // namespace
}  // namespace agewise::evaluate
