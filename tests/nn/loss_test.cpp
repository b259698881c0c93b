#include "agewise/nn/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/nn/golden.h"

namespace agewise::nn {
namespace {

double loss_of(recipe::Loss loss, const age::Classes& classes, std::span<const float> outputs,
               std::span<const Target> targets, std::span<float> gradient) {
  recipe::TrainRecipe recipe;
  recipe.loss = loss;
  return loss_and_gradient(recipe, classes, outputs, targets, gradient);
}

// Softmax of (0, ln 2, 0, 0) is (1, 2, 1, 1) / 5; the class of 30 is the second: loss -ln 0.4, gradient p - 1.
TEST(CrossEntropy, by_hand) {
  age::Classes classes = age::classes_between({30, 45, 60});
  std::vector<float> outputs{0, std::log(2.0F), 0, 0}, gradient(4);
  std::vector<Target> targets{{30, 0}};
  EXPECT_NEAR(loss_of(recipe::Loss::cross_entropy, classes, outputs, targets, gradient), -std::log(0.4), 1e-6);
  EXPECT_NEAR(gradient[0], 0.2, 1e-6);
  EXPECT_NEAR(gradient[1], -0.6, 1e-6);
}

// Softmax of (10⁴, 0) is 0 in the second place, its logarithm -10⁴.
TEST(CrossEntropy, of_a_huge_wrong_logit_is_its_size) {
  age::Classes classes = age::classes_between({30});
  std::vector<float> outputs{1e4F, 0}, gradient(2);
  std::vector<Target> targets{{40, 0}};
  EXPECT_NEAR(loss_of(recipe::Loss::cross_entropy, classes, outputs, targets, gradient), 1e4, 1e-6);
  EXPECT_EQ(gradient, (std::vector<float>{1, -1}));
}

// Two classes cut at the age itself: the target is (½, ½); against softmax (1, 3)/4 the divergence is ½ ln(½/¼) + ½
// ln(½/¾).
TEST(LabelDistribution, is_the_kullback_leibler_divergence) {
  age::Classes classes = age::classes_between({30});
  std::vector<float> outputs{0, std::log(3.0F)}, gradient(2);
  std::vector<Target> targets{{30, 2}};
  double expected = 0.5 * std::log(2.0) + 0.5 * std::log(2.0 / 3);
  EXPECT_NEAR(loss_of(recipe::Loss::label_distribution, classes, outputs, targets, gradient), expected, 1e-6);
  EXPECT_NEAR(gradient[0], 0.25 - 0.5, 1e-6);
}

// The target of the case before, (½, ½), and a teacher who says (0.9, 0.1) and counts half: (0.7, 0.3).
TEST(LabelDistribution, is_learned_from_the_label_and_a_teacher_by_their_shares) {
  age::Classes classes = age::classes_between({30});
  std::vector<float> outputs{0, std::log(3.0F)}, gradient(2), said{0.9F, 0.1F};
  std::vector<Target> targets{{30, 2}};
  targets[0].soft = said;
  recipe::TrainRecipe recipe;
  recipe.loss = recipe::Loss::label_distribution;
  recipe.distillation_weight = 0.5;
  double expected = 0.7 * std::log(0.7 / 0.25) + 0.3 * std::log(0.3 / 0.75);
  EXPECT_NEAR(loss_and_gradient(recipe, classes, outputs, targets, gradient), expected, 1e-6);
  EXPECT_NEAR(gradient[0], 0.25 - 0.7, 1e-6);
  EXPECT_NEAR(gradient[1], 0.75 - 0.3, 1e-6);
}

// Softmax (½, ½) over the years 0 and 1: expected 0.5, true 3, |error| 2.5.
TEST(ExpectedValueL1, is_in_years) {
  age::Classes classes = age::yearly_classes(2);
  std::vector<float> outputs{1, 1}, gradient(2);
  std::vector<Target> targets{{3, 0}};
  EXPECT_NEAR(loss_of(recipe::Loss::expected_value_l1, classes, outputs, targets, gradient), 2.5, 1e-6);
  EXPECT_NEAR(gradient[1], -0.25, 1e-6);  // -p (v - E) = -½ · ½
}

// Softmax (¼, ¾) over the years 0 and 1: mean ¾, variance 3/16; true 1, so cross-entropy -ln ¾, and with λ .2 and .05
// .2 · ½ · (¼)² + .05 · 3/16 more.
TEST(MeanVariance, by_hand) {
  age::Classes classes = age::yearly_classes(2);
  std::vector<float> outputs{0, std::log(3.0F)}, gradient(2);
  std::vector<Target> targets{{1, 0}};
  EXPECT_NEAR(loss_of(recipe::Loss::mean_variance, classes, outputs, targets, gradient),
              -std::log(0.75) + 0.2 * 0.5 / 16 + 0.05 * 3 / 16, 1e-6);
  // p - 1 + ¾ (.2 · (-¼) · ¼ + .05 · (1/16 - 3/16)).
  EXPECT_NEAR(gradient[1], -0.25 + 0.75 * (0.2 * -0.25 * 0.25 + 0.05 * (1.0 / 16 - 3.0 / 16)), 1e-6);
}

// A picture that counts three times and one that counts a quarter.
TEST(EveryLoss, counts_a_picture_by_its_weight) {
  std::vector<float> outputs{0.5F, 0.2F}, gradient(2);
  std::vector<Target> targets{{40, 0, 3}, {10, 0, 0.25}};
  EXPECT_NEAR(loss_of(recipe::Loss::regression, age::yearly_classes(2), outputs, targets, gradient),
              (0.03 + 0.0025) / 2, 1e-6);
  EXPECT_NEAR(gradient[0], 3 * 0.1, 1e-6);
  EXPECT_NEAR(gradient[1], 0.25 * 0.1, 1e-6);
}

TEST(Regression, is_the_square_in_centuries) {
  std::vector<float> outputs{0.5F, 0.2F}, gradient(2);
  std::vector<Target> targets{{40, 0}, {20, 0}};
  EXPECT_NEAR(loss_of(recipe::Loss::regression, age::yearly_classes(2), outputs, targets, gradient), 0.01 / 2, 1e-6);
  EXPECT_NEAR(gradient[0], 0.1, 1e-6);
}

// Age: uniform over two classes, ln 2. Gender: ½ · ln(1 + e^-1) = 0.156631 for a man at logit 1, ½ · ln(1 + e^1) for a
// woman; gradients ½ (σ(1) - 1), ½ σ(1); unknown: 0. All over 3 rows.
TEST(GenderHead, adds_its_cross_entropy_where_the_gender_is_known) {
  recipe::TrainRecipe recipe;
  recipe.gender_weight = 0.5;
  age::Classes classes = age::yearly_classes(2);
  ASSERT_EQ(outputs_for(recipe, classes), 3);
  std::vector<float> outputs{0, 0, 1, 0, 0, 1, 0, 0, 1}, gradient(9);
  std::vector<Target> targets{{1, 0, 1, 1}, {1, 0, 1, 0}, {1, 0}};
  double sigmoid = 1 / (1 + std::exp(-1.0));
  double loss = loss_and_gradient(recipe, classes, outputs, targets, gradient);
  EXPECT_NEAR(loss, std::log(2.0) + (0.156631 + 0.656631) / 3, 1e-5);
  EXPECT_NEAR(gradient[2], 0.5 * (sigmoid - 1) / 3, 1e-6);
  EXPECT_NEAR(gradient[5], 0.5 * sigmoid / 3, 1e-6);
  EXPECT_EQ(gradient[8], 0);
  EXPECT_NEAR(gradient[6], 0.5 / 3, 1e-6);  // the age's: probability ½ of the wrong class
}

Target of_range(double low, double high) {
  Target target{std::numeric_limits<double>::quiet_NaN(), 2};
  target.range = age::Range{low, high};
  return target;
}

// Softmax of (0, ln 2, 0, 0) is (1, 2, 1, 1) / 5; 31 to 50 touches the second class and the third, which have 0.6
// together and, inside the range, ⅔ and ⅓.
TEST(AgeRange, is_learned_by_the_probability_of_the_classes_that_it_touches) {
  age::Classes classes = age::classes_between({30, 45, 60});
  std::vector<float> outputs{0, std::log(2.0F), 0, 0}, gradient(4);
  std::vector<Target> targets{of_range(31, 50)};
  for (recipe::Loss loss : {recipe::Loss::cross_entropy, recipe::Loss::label_distribution}) {
    EXPECT_NEAR(loss_of(loss, classes, outputs, targets, gradient), -std::log(0.6), 1e-6);
    EXPECT_NEAR(gradient[0], 0.2, 1e-6);
    EXPECT_NEAR(gradient[1], 0.4 - 2.0 / 3, 1e-6);
    EXPECT_NEAR(gradient[2], 0.2 - 1.0 / 3, 1e-6);
    EXPECT_NEAR(gradient[3], 0.2, 1e-6);
  }
}

// A class a year: 1 to 2 are the classes of the years 1 and 2, with ½ of uniform probabilities of four.
TEST(AgeRange, of_years_holds_both_its_ends_and_no_more) {
  std::vector<float> outputs(4), gradient(4);
  std::vector<Target> targets{of_range(1, 2)};
  EXPECT_NEAR(loss_of(recipe::Loss::cross_entropy, age::yearly_classes(4), outputs, targets, gradient), std::log(2.0),
              1e-6);
  targets[0].range = age::Range{2};  // and over
  EXPECT_NEAR(loss_of(recipe::Loss::cross_entropy, age::yearly_classes(4), outputs, targets, gradient), std::log(2.0),
              1e-6);
  EXPECT_NEAR(gradient[3], 0.25 - 0.5, 1e-6);
}

// The first case, and a teacher who says (0.5, 0.3, 0.1, 0.1): cut to the range (¾, ¼). It counts a quarter.
TEST(AgeRange, is_joined_by_what_a_teacher_says_inside_it) {
  age::Classes classes = age::classes_between({30, 45, 60});
  std::vector<float> outputs{0, std::log(2.0F), 0, 0}, gradient(4), said{0.5F, 0.3F, 0.1F, 0.1F},
      elsewhere{0.5F, 0, 0.005F, 0.495F};
  std::vector<Target> targets{of_range(31, 50)};
  targets[0].soft = said;
  recipe::TrainRecipe recipe;
  recipe.loss = recipe::Loss::label_distribution;
  recipe.distillation_weight = 0.25;
  double divergence = 0.75 * std::log(0.75 / 0.4) + 0.25 * std::log(0.25 / 0.2);
  EXPECT_NEAR(loss_and_gradient(recipe, classes, outputs, targets, gradient), 0.75 * -std::log(0.6) + 0.25 * divergence,
              1e-6);
  EXPECT_NEAR(gradient[0], 0.2, 1e-6);
  EXPECT_NEAR(gradient[1], 0.4 - (0.75 * 2 / 3 + 0.25 * 0.75), 1e-6);
  targets[0].soft = elsewhere;  // less than a hundredth of it inside
  EXPECT_NEAR(loss_and_gradient(recipe, classes, outputs, targets, gradient), -std::log(0.6), 1e-6);
}

// Softmax (½, ½) over the years 0 and 1: expected 0.5; the network of one output says 50 years.
TEST(AgeRange, pulls_an_estimate_to_its_nearest_end_and_lets_go_inside) {
  age::Classes classes = age::yearly_classes(2);
  std::vector<float> outputs{1, 1}, gradient(2), one{0.5F}, one_gradient(1);
  std::vector<Target> above{of_range(3, 9)}, around{of_range(0, 9)}, below{of_range(20, 29)},
      around_50{of_range(50, 59)};
  EXPECT_NEAR(loss_of(recipe::Loss::expected_value_l1, classes, outputs, above, gradient), 2.5, 1e-6);
  EXPECT_NEAR(gradient[1], -0.25, 1e-6);
  EXPECT_EQ(loss_of(recipe::Loss::expected_value_l1, classes, outputs, around, gradient), 0);
  EXPECT_EQ(gradient[1], 0);
  EXPECT_NEAR(loss_of(recipe::Loss::regression, classes, one, below, one_gradient), 0.21 * 0.21, 1e-6);
  EXPECT_NEAR(one_gradient[0], 0.42, 1e-6);
  EXPECT_EQ(loss_of(recipe::Loss::regression, classes, one, around_50, one_gradient), 0);
}

TEST(AgeRange, does_not_hide_an_output_that_is_not_a_number) {
  std::vector<float> one{std::numeric_limits<float>::quiet_NaN()}, gradient(1);
  std::vector<Target> targets{of_range(20, 29)};
  EXPECT_TRUE(std::isnan(loss_of(recipe::Loss::regression, age::yearly_classes(2), one, targets, gradient)));
}

TEST(EveryLoss, has_the_gradient_of_finite_differences) {
  age::Classes classes = age::classes_between({20, 40, 60});
  std::vector<Target> targets{{10, 3}, {44, 5, 0.25}, of_range(42, 90)};
  for (recipe::Loss loss : {recipe::Loss::cross_entropy, recipe::Loss::label_distribution,
                            recipe::Loss::expected_value_l1, recipe::Loss::regression, recipe::Loss::mean_variance}) {
    std::vector<float> outputs = golden_numbers(11, 3 * static_cast<std::size_t>(age_outputs(loss, classes))),
                       gradient(outputs.size()), unused(outputs.size());
    loss_of(loss, classes, outputs, targets, gradient);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      constexpr float kStep = 1e-2F;
      std::vector<float> moved = outputs;
      moved[i] += kStep;
      double above = loss_of(loss, classes, moved, targets, unused);
      moved[i] -= 2 * kStep;
      double below = loss_of(loss, classes, moved, targets, unused);
      double expected = (above - below) / (2 * kStep);
      EXPECT_NEAR(gradient[i], expected, 1e-3 + 1e-3 * std::abs(expected)) << static_cast<int>(loss) << " " << i;
    }
  }
}

}  // namespace
}  // namespace agewise::nn
