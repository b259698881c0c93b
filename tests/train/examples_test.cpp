#include "agewise/train/examples.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace agewise::train {
namespace {

using testing::ElementsAre;

// `counts` pictures of each age, in the order of age, all of the training part.
Examples examples_with(const std::map<int, int>& counts) {
  Examples examples;
  for (const auto& [age, count] : counts) {
    for (int i = 0; i < count; ++i) {
      store::FaceRecord face;
      face.age = age + 0.5;
      examples.train.push_back(static_cast<std::uint32_t>(examples.faces.size()));
      examples.faces.push_back(face);
    }
  }
  return examples;
}

std::map<int, int> ages_of(const Examples& examples, const std::vector<std::uint32_t>& order) {
  std::map<int, int> counts;
  for (std::uint32_t i : order) ++counts[static_cast<int>(examples.faces[i].age)];
  return counts;
}

TEST(EpochOrder, is_all_training_pictures_in_another_order_each_epoch) {
  Examples examples = examples_with({{20, 30}, {50, 4}});
  std::vector<std::uint32_t> first = epoch_order(examples, {}, 1), second = epoch_order(examples, {}, 2);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, epoch_order(examples, {}, 1));
  EXPECT_EQ(std::set<std::uint32_t>(first.begin(), first.end()).size(), 34);
}

// DEX: "equalise the age distribution by randomly ignoring some of the images of the most frequent ages".
TEST(EpochOrder, caps_the_frequent_ages_and_draws_them_anew_in_each_epoch) {
  Examples examples = examples_with({{20, 300}, {21, 80}, {50, 4}});
  recipe::TrainRecipe recipe;
  recipe.age_cap = 100;
  std::set<std::uint32_t> seen;
  for (int epoch = 1; epoch <= 12; ++epoch) {
    std::vector<std::uint32_t> order = epoch_order(examples, recipe, epoch);
    EXPECT_EQ(ages_of(examples, order), (std::map<int, int>{{20, 100}, {21, 80}, {50, 4}}));
    EXPECT_EQ(std::set<std::uint32_t>(order.begin(), order.end()).size(), 184);
    seen.insert(order.begin(), order.end());
  }
  EXPECT_GT(seen.size(), 84 + 290);  // (2/3)^12 of the 300 are expected never to be drawn: 2
}

// With exponent 1 every age weighs the same in all: 34 / 2 for each of two ages.
TEST(TargetsOf, weigh_the_ages_alike) {
  Examples examples = examples_with({{20, 30}, {50, 4}});
  recipe::TrainRecipe recipe;
  recipe.age_weight = 1;
  std::vector<nn::Target> targets = targets_of(examples, recipe);
  EXPECT_NEAR(targets[0].weight, 17.0 / 30, 1e-12);
  EXPECT_NEAR(targets[33].weight, 17.0 / 4, 1e-12);
  recipe.age_weight = 0.5;  // √30 : √4, and 34 in all
  targets = targets_of(examples, recipe);
  EXPECT_NEAR(targets[33].weight / targets[0].weight, std::sqrt(30.0 / 4), 1e-12);
  EXPECT_NEAR(30 * targets[0].weight + 4 * targets[33].weight, 34, 1e-9);
}

TEST(TargetsOf, take_the_labels_own_deviation_as_the_recipe_says) {
  Examples examples = examples_with({{20, 2}});
  examples.faces[1].age_sigma = 1.5;
  recipe::TrainRecipe recipe;
  recipe.sigma = 2;
  auto sigmas = [&](recipe::LabelSigma rule) {
    recipe.label_sigma = rule;
    std::vector<nn::Target> targets = targets_of(examples, recipe);
    return std::vector<double>{targets[0].sigma, targets[1].sigma};
  };
  EXPECT_THAT(sigmas(recipe::LabelSigma::replaces), ElementsAre(2, 1.5));
  EXPECT_THAT(sigmas(recipe::LabelSigma::widens), ElementsAre(2, 2.5));  // √(2² + 1.5²)
  EXPECT_THAT(sigmas(recipe::LabelSigma::ignored), ElementsAre(2, 2));
}

}  // namespace
}  // namespace agewise::train
