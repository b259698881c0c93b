#include "agewise/evaluate/coverage.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/random.h"

namespace agewise::evaluate {
namespace {

using testing::ElementsAre;

Prediction prediction(double age, double estimate, const std::string& person = "", const std::string& source = "") {
  Prediction one;
  one.face.age = age;
  one.face.person = person;
  one.face.source = source;
  one.estimate = estimate;
  return one;
}

Prediction with_interval(Prediction one, double low, double high) {
  one.interval = {low, high};
  return one;
}

CalibrationSet set_of(std::vector<Prediction> predictions) {
  CalibrationSet set;
  add(set, "store", std::move(predictions));
  return set;
}

// Ages 10 … 80, four years of error.
std::vector<Prediction> alike(int count, std::uint32_t seed, double bias = 0) {
  base::Random random(seed, base::Purpose::test);
  std::vector<Prediction> all;
  for (int i = 0; i < count; ++i) {
    double age = random.uniform(10, 80);
    all.push_back(prediction(age, age + bias + 4 * random.normal()));
  }
  return all;
}

TEST(Coverage, counts_the_true_ages_inside_by_their_decade) {
  std::vector<Prediction> all{with_interval(prediction(12, 12), 10, 15), with_interval(prediction(14, 18), 16, 20),
                              with_interval(prediction(35, 35), 35, 36), with_interval(prediction(101, 90), 80, 99)};
  Coverage coverage = coverage_of(all, 0.9, 0).value();
  EXPECT_EQ(coverage.promised, 0.9);
  EXPECT_DOUBLE_EQ(coverage.all.share, 0.5);
  EXPECT_DOUBLE_EQ(coverage.all.width, (5 + 4 + 1 + 19) / 4.0);
  ASSERT_EQ(coverage.decades.size(), 3U);
  EXPECT_EQ(coverage.decades[0].name, "10–19");
  EXPECT_EQ(coverage.decades[0].pictures, 2);
  EXPECT_DOUBLE_EQ(coverage.decades[0].share, 0.5);
  EXPECT_DOUBLE_EQ(coverage.decades[0].width, 4.5);
  EXPECT_EQ(coverage.decades[2].name, "80 and over");
  EXPECT_EQ(coverage.decades[2].share, 0);
  EXPECT_FALSE(coverage_of(std::vector{prediction(12, 12)}, 0.9, 0));
}

TEST(Coverage, is_told_without_the_pictures_whose_interval_is_too_wide_as_well) {
  std::vector<Prediction> all{with_interval(prediction(12, 12), 10, 15), with_interval(prediction(14, 18), 16, 20),
                              with_interval(prediction(35, 35), 10, 60)};
  Coverage coverage = coverage_of(all, 0.9, 40).value();
  EXPECT_DOUBLE_EQ(coverage.all.share, 2 / 3.0);
  EXPECT_EQ(coverage.untold, 1);
  ASSERT_TRUE(coverage.told);
  EXPECT_EQ(coverage.told->pictures, 2);
  EXPECT_DOUBLE_EQ(coverage.told->share, 0.5);
  EXPECT_DOUBLE_EQ(coverage.told->width, 4.5);
  EXPECT_EQ(coverage_of(all, 0.9, 50).value().untold, 0) << "as wide is not too wide";
  EXPECT_EQ(coverage_of(all, 0.9, 0).value().untold, 0);
  EXPECT_EQ(coverage_of(all, 0.9, 1).value().untold, 3);
  EXPECT_FALSE(coverage_of(all, 0.9, 1).value().told);
}

TEST(Coverage, counts_a_range_by_the_ages_that_stand_for_it) {
  Prediction range = with_interval(prediction(NAN, 10), 9.5, 20);
  range.face.age_range = age::Range{8, 11};
  range.range_ages = {8, 9, 10, 11};
  Coverage coverage = coverage_of(std::vector{range}, 0.9, 0).value();
  EXPECT_DOUBLE_EQ(coverage.all.share, 0.5);
  ASSERT_EQ(coverage.decades.size(), 2U);
  EXPECT_DOUBLE_EQ(coverage.decades[0].pictures, 0.5);
  EXPECT_DOUBLE_EQ(coverage.decades[0].share, 0);
  EXPECT_DOUBLE_EQ(coverage.decades[1].share, 1);
}

TEST(Coverage, is_worst_in_a_decade_that_has_pictures_enough_to_say_so) {
  std::vector<Prediction> all(20, with_interval(prediction(45, 45), 40, 50));
  all[3].interval = {46, 50};
  all.push_back(with_interval(prediction(70, 50), 40, 60));
  Coverage coverage = coverage_of(all, 0.9, 0).value();
  ASSERT_NE(worst_decade(coverage), nullptr);
  EXPECT_EQ(worst_decade(coverage)->name, "40–49");
  all.erase(all.begin());
  EXPECT_EQ(worst_decade(coverage_of(all, 0.9, 0).value()), nullptr);
}

TEST(CalibrationSet, has_a_source_for_each_store_or_for_each_that_its_labels_name) {
  CalibrationSet set;
  add(set, "one", {prediction(1, 1), prediction(2, 2)});
  add(set, "other", {prediction(3, 3, "", "scan"), prediction(4, 4, "", "film"), prediction(5, 5, "", "scan")});
  EXPECT_THAT(set.source_names, ElementsAre("one", "other: film", "other: scan"));
  EXPECT_THAT(set.sources, ElementsAre(0, 0, 2, 1, 2));
}

TEST(CoverageStudy, finds_the_promised_share_where_errors_are_alike) {
  CoverageStudy study = study_coverage(set_of(alike(1200, 9)), 0.9, 20);
  EXPECT_NEAR(study.mean, 0.9, 0.03);  // and more than promised, near the ends of a decade
  EXPECT_GE(study.mean, 0.895);
  EXPECT_LT(study.deviation, 0.03);
  EXPECT_NEAR(study.all.all.width, 2 * 1.645 * 4, 1.5);  // the normal distribution's 90 %
  EXPECT_EQ(study.all.all.pictures, 1200);
  EXPECT_EQ(study.all.decades.size(), 7U);
}

// Together: two kinds of pictures that the intervals of either alone would fail on.
TEST(CoverageStudy, tells_how_often_the_intervals_hold_for_each_source) {
  CalibrationSet set = set_of(alike(600, 10));
  add(set, "biased", alike(600, 11, 12));
  CoverageStudy study = study_coverage(set, 0.9, 5);
  ASSERT_EQ(study.sources.size(), 2U);
  EXPECT_EQ(study.sources[1].all.name, "biased");
  EXPECT_EQ(study.sources[1].all.pictures, 600);
  double mean = (study.sources[0].all.share + study.sources[1].all.share) / 2;
  EXPECT_NEAR(study.all.all.share, mean, 1e-9);
  EXPECT_GE(mean, 0.89);
  EXPECT_GT(study.all.all.width, 2 * 1.645 * 4 + 4);
}

// Copies of one picture on both sides would make the intervals look right that hold for no new picture.
TEST(CoverageStudy, keeps_a_persons_pictures_together) {
  CalibrationSet set;
  for (std::string store : {"one", "other"}) {
    std::vector<Prediction> all;
    for (int person = 0; person < 40; ++person) {
      for (int copy = 0; copy < 5; ++copy) all.push_back(prediction(40, 40 + person, std::to_string(person)));
    }
    add(set, store, std::move(all));
  }
  // A person's pictures all have one error: a half has each error ten times or not at all.
  CoverageStudy study = study_coverage(set, 0.9, 5);
  EXPECT_LE(study.lowest, 0.96);
  EXPECT_NEAR(study.lowest * 20, std::round(study.lowest * 20), 1e-9);  // whole persons of the 20 in a half
}

TEST(CoverageStudy, refuses_too_few_pictures) {
  CalibrationSet set = set_of(std::vector<Prediction>(30, prediction(40, 41)));
  EXPECT_THROW(study_coverage(set, 0.9, 1), std::invalid_argument);
}

}  // namespace
}  // namespace agewise::evaluate
