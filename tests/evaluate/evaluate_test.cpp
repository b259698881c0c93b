#include "agewise/evaluate/evaluate.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "agewise/age/classes.h"

namespace agewise::evaluate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const age::Classes kClasses = age::classes_between({30, 45, 60}, {"Young", "Middle", "Old", "Very Old"});

Prediction prediction(double age, double estimate, catalog::Gender gender = catalog::Gender::female,
                      const char* source = "imdb", double sigma = catalog::kNotANumber) {
  Prediction one;
  one.face.age = age;
  one.face.age_sigma = sigma;
  one.face.gender = gender;
  one.face.source = source;
  one.estimate = estimate;
  one.estimated_class = age::class_of(kClasses, estimate);
  return one;
}

// Four pictures; the training part is mostly Middle (two of three) and 40 years old in the mean.
Evaluation four_pictures() {
  std::vector<Prediction> pictures{prediction(20, 25), prediction(34, 33), prediction(50, 47, catalog::Gender::male),
                                   prediction(70, 50, catalog::Gender::male, "wiki")};
  pictures[1].face.race = "Asian";
  return evaluate(pictures, catalog::Split::test, kClasses, {34, 38, 48});
}

// As four_pictures(), but the network's output for the one of 50 and the one of 70 is not a number.
Evaluation two_of_four_missing() {
  std::vector<Prediction> pictures{prediction(20, 25), prediction(34, 33), prediction(50, 47), prediction(70, 50)};
  for (std::size_t i : {std::size_t{2}, std::size_t{3}}) {
    pictures[i].estimate = kNan;
    pictures[i].estimated_class = i == 2 ? 2 : 0;  // 2 would be right
  }
  return evaluate(pictures, catalog::Split::test, kClasses, {34, 38, 48});
}

TEST(Evaluate, counts_missing_estimates_as_wrong_and_has_no_mean_over_fewer) {
  Evaluation evaluation = two_of_four_missing();
  EXPECT_EQ(evaluation.all.missing, 2);
  EXPECT_DOUBLE_EQ(evaluation.all.model.accuracy, 0.5);
  EXPECT_TRUE(std::isnan(evaluation.all.model.mae));
  EXPECT_TRUE(std::isnan(evaluation.all.model.mean_error));
  EXPECT_DOUBLE_EQ(evaluation.all.model.cs[3], 50);  // within 10 years
  EXPECT_EQ(evaluation.decades[0].missing, 0);
  EXPECT_DOUBLE_EQ(evaluation.decades[0].model.mae, 5);
  EXPECT_EQ(evaluation.decades[2].missing, 1);
  EXPECT_TRUE(std::isnan(evaluation.decades[2].model.mae));
  EXPECT_DOUBLE_EQ(evaluation.all.baseline.mae, (20 + 6 + 10 + 30) / 4.0);
  std::int64_t counted = 0;
  for (const auto& row : evaluation.confusion) counted += std::accumulate(row.begin(), row.end(), std::int64_t{0});
  EXPECT_EQ(counted, 2);
  EXPECT_TRUE(std::isnan(evaluation.worst[0].estimate));
  EXPECT_TRUE(std::isnan(evaluation.worst[1].estimate));
  EXPECT_DOUBLE_EQ(evaluation.worst[2].face.age, 20);
}

TEST(Evaluate, says_how_many_estimates_are_missing_and_where_and_compares_nothing) {
  Evaluation evaluation = two_of_four_missing();
  EXPECT_EQ(evaluation.beats_mean_age, std::nullopt);
  estimate::Model model;
  model.recipe.classes.edges = kClasses.edges;
  std::vector<std::string> sentences = caveats(evaluation, model);
  ASSERT_EQ(sentences.size(), 1);
  EXPECT_THAT(sentences[0], testing::AllOf(HasSubstr("no age for 2 of 4 pictures"),
                                           HasSubstr("1 of 1 aged 50–59, 1 of 1 aged 70–79")));
}

TEST(Evaluate, counts_by_hand) {
  Evaluation evaluation = four_pictures();
  EXPECT_EQ(evaluation.all.pictures, 4);
  EXPECT_DOUBLE_EQ(evaluation.all.model.accuracy, 0.75);  // 70 was taken for 50
  EXPECT_DOUBLE_EQ(evaluation.all.model.mae, (5.0 + 1 + 3 + 20) / 4);
  EXPECT_DOUBLE_EQ(evaluation.all.model.mean_error, (5.0 - 1 - 3 - 20) / 4);
  EXPECT_THAT(evaluation.all.model.cs, ElementsAre(25, 50, 75, 75));  // ≤ 1, 3, 5, 10 years
  EXPECT_FALSE(evaluation.all.model.epsilon_error.has_value());
}

TEST(Evaluate, sets_guessing_beside_the_model) {
  Evaluation evaluation = four_pictures();
  EXPECT_EQ(evaluation.majority_class, 1);
  EXPECT_DOUBLE_EQ(evaluation.mean_age, 40);
  EXPECT_DOUBLE_EQ(evaluation.all.baseline.accuracy, 0.25);  // only 34 is Middle
  EXPECT_DOUBLE_EQ(evaluation.all.baseline.mae, (20.0 + 6 + 10 + 30) / 4);
}

// Ages 20, 34, 50, 70: their mean is 43.5; of four classes with one picture each the first is taken.
TEST(Evaluate, without_training_pictures_lets_the_guess_know_the_true_ages) {
  std::vector<Prediction> pictures{prediction(20, 25), prediction(34, 33), prediction(50, 47), prediction(70, 50)};
  Evaluation evaluation = evaluate(pictures, catalog::Split::val, kClasses, {});
  EXPECT_DOUBLE_EQ(evaluation.mean_age, 43.5);
  EXPECT_EQ(evaluation.majority_class, 0);
  EXPECT_EQ(evaluation.baseline_from, "these pictures");
  EXPECT_FALSE(evaluation.beats_majority || evaluation.beats_mean_age) << "no verdict";
  EXPECT_THAT(caveats(evaluation, {}), ElementsAre(HasSubstr("The store has no training part")));
  EXPECT_EQ(four_pictures().baseline_from, "the training part");
}

// Told right: a male at .5 and a female at .4; wrong: a male at .2. Of the fourth the labels do not know.
TEST(Evaluate, counts_right_genders_among_those_known) {
  std::vector<Prediction> pictures{
      prediction(20, 20, catalog::Gender::male), prediction(20, 20, catalog::Gender::female),
      prediction(20, 20, catalog::Gender::male), prediction(20, 20, catalog::Gender::unknown)};
  EXPECT_FALSE(evaluate(pictures, catalog::Split::val, kClasses, {}).gender_accuracy) << "the model does not tell";
  const double male[] = {0.5, 0.4, 0.2, 0.9};
  for (std::size_t i = 0; i < 4; ++i) pictures[i].male = male[i];
  EXPECT_DOUBLE_EQ(evaluate(pictures, catalog::Split::val, kClasses, {}).gender_accuracy.value(), 2.0 / 3);
}

TEST(Evaluate, counts_the_confusion_by_true_class_and_estimated_class) {
  EXPECT_THAT(four_pictures().confusion, ElementsAre(ElementsAre(1, 0, 0, 0), ElementsAre(0, 1, 0, 0),
                                                     ElementsAre(0, 0, 1, 0), ElementsAre(0, 0, 1, 0)));
}

TEST(Evaluate, groups_by_decade_gender_race_and_source) {
  Evaluation evaluation = four_pictures();
  ASSERT_EQ(evaluation.decades.size(), 4);
  EXPECT_EQ(evaluation.decades[0].name, "20–29");
  EXPECT_DOUBLE_EQ(evaluation.decades[3].model.mae, 20);
  ASSERT_EQ(evaluation.genders.size(), 2);
  EXPECT_EQ(evaluation.genders[0].name, "female");
  EXPECT_DOUBLE_EQ(evaluation.genders[0].model.mae, 3);
  ASSERT_EQ(evaluation.races.size(), 1);  // where the labels name one
  EXPECT_EQ(evaluation.races[0].name, "Asian");
  EXPECT_EQ(evaluation.races[0].pictures, 1);
  ASSERT_EQ(evaluation.sources.size(), 2);
  EXPECT_EQ(evaluation.sources[1].name, "wiki");
  EXPECT_EQ(evaluation.sources[1].pictures, 1);
}

TEST(Evaluate, lists_the_worst_mistakes_first) {
  Evaluation evaluation = four_pictures();
  EXPECT_EQ(evaluation.worst[0].face.age, 70);
  EXPECT_EQ(evaluation.worst[1].face.age, 20);
  EXPECT_EQ(evaluation.worst.size(), 4);
}

TEST(Evaluate, gives_an_epsilon_error_where_every_deviation_is_known) {
  // One deviation off: 1 - exp(-1/2) = 0.393469; exactly right: 0.
  std::vector<Prediction> pictures{prediction(30, 34, catalog::Gender::female, "lap", 4),
                                   prediction(50, 50, catalog::Gender::female, "lap", 2)};
  Evaluation evaluation = evaluate(pictures, catalog::Split::val, kClasses, {40});
  EXPECT_NEAR(evaluation.all.model.epsilon_error.value(), 0.393469 / 2, 1e-6);
}

Prediction of_range(double low, double high, double estimate, catalog::Gender gender = catalog::Gender::female) {
  Prediction one = prediction(kNan, estimate, gender);
  one.face.age_range = age::Range{low, high};
  return one;
}

// Distances: +1 and -4 of 10–19, 0 and +3 of 20–29.
TEST(TakeRanges, scores_each_range_by_itself) {
  std::vector<Prediction> pictures{of_range(20, 29, 29), of_range(10, 19, 20), prediction(40, 41),
                                   of_range(10, 19, 6, catalog::Gender::male), of_range(20, 29, 32)};
  std::optional<Ranges> ranges = take_ranges(pictures);
  ASSERT_TRUE(ranges);
  EXPECT_EQ(pictures.size(), 1) << "the one whose age is known is left";
  EXPECT_EQ(ranges->all.pictures, 4);
  EXPECT_NEAR(ranges->all.inside, 0.25, 1e-12);
  EXPECT_NEAR(ranges->all.near, 0.5, 1e-12);
  EXPECT_NEAR(ranges->all.distance, 2, 1e-12);
  EXPECT_NEAR(ranges->all.mean_distance, 0, 1e-12);
  std::vector<std::string> names;
  for (const RangeScores& group : ranges->groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("10–19", "20–29", "female", "male"));
  EXPECT_NEAR(ranges->groups[0].mean_distance, -1.5, 1e-12);
  EXPECT_NEAR(ranges->groups[1].distance, 1.5, 1e-12);
}

TEST(TakeRanges, of_many_kinds_are_grouped_by_the_decades_of_their_middles) {
  std::vector<Prediction> pictures;
  for (int i = 0; i < 20; ++i) pictures.push_back(of_range(41 + 0.5 * i, 47 + 0.5 * i, 50));  // middles 44 … 53.5
  pictures.push_back(of_range(70, std::numeric_limits<double>::infinity(), 50));
  std::optional<Ranges> ranges = take_ranges(pictures);
  ASSERT_TRUE(ranges);
  std::vector<std::string> names;
  for (const RangeScores& group : ranges->groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("40–49", "50–59", "70–79"));
  EXPECT_EQ(ranges->groups[0].pictures, 12);
}

TEST(TakeRanges, take_no_missing_estimate_for_one_inside) {
  std::vector<Prediction> pictures{of_range(20, 29, 25), of_range(20, 29, kNan)};
  std::optional<Ranges> ranges = take_ranges(pictures);
  EXPECT_NEAR(ranges->all.inside, 0.5, 1e-12);
  EXPECT_TRUE(std::isnan(ranges->all.distance));
}

// 100 pictures, half of them Young and half Middle; the model is right in `right` of them.
Evaluation of_hundred(int right) {
  std::vector<Prediction> pictures;
  for (int i = 0; i < 100; ++i) {
    double truth = i % 2 == 0 ? 20 : 40, other = i % 2 == 0 ? 40 : 20;
    pictures.push_back(prediction(truth, i < right ? truth : other));
  }
  return evaluate(pictures, catalog::Split::test, kClasses, {20, 40, 40});
}

TEST(Caveats, say_when_the_network_is_no_better_than_guessing) {
  estimate::Model model;
  std::vector<std::string> sentences = caveats(of_hundred(52), model);  // by chance alone 50 ± 5
  ASSERT_EQ(sentences.size(), 2);
  EXPECT_THAT(sentences[0], HasSubstr("always answering \"Middle\""));
  EXPECT_THAT(sentences[0], HasSubstr("50.0 % of these pictures, the network in 52.0 %"));
  EXPECT_THAT(sentences[1], HasSubstr("always answering 33.3 years"));
  model.recipe.classes.years = 101;  // a network for ages is not asked for the very year
  EXPECT_THAT(caveats(of_hundred(52), model), ElementsAre(HasSubstr("always answering 33.3 years")));
  EXPECT_TRUE(caveats(of_hundred(90), model).empty());
}

TEST(Caveats, say_when_the_best_epoch_was_chosen_on_the_same_pictures) {
  estimate::Model model;
  model.notes["validated on"] = "test";
  EXPECT_THAT(caveats(of_hundred(90), model), ElementsAre(HasSubstr("chosen on these same test pictures")));
  model.recipe.train.monitor = recipe::Monitor::last;  // nothing is chosen
  EXPECT_TRUE(caveats(of_hundred(90), model).empty());
  model.recipe.train.monitor = recipe::Monitor::mae;
  model.notes["validated on"] = "val";
  EXPECT_TRUE(caveats(of_hundred(90), model).empty());
}

}  // namespace
}  // namespace agewise::evaluate
