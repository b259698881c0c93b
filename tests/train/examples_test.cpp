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

// The years 20 and 21 have 1 + ½ and ½ pictures: of a range that spans both, an even share each. With exponent 1 the
// picture of 20 weighs 1 / 1.5, the range 1 / mean(1.5, 0.5) = 1, scaled to 2 in all.
TEST(TargetsOf, weigh_a_range_by_how_many_pictures_its_years_have) {
  Examples examples = examples_with({{20, 2}});
  examples.faces[1].age = catalog::kNotANumber;
  examples.faces[1].age_range = age::Range{20, 21};
  recipe::TrainRecipe recipe;
  recipe.age_weight = 1;
  std::vector<nn::Target> targets = targets_of(examples, recipe);
  EXPECT_NEAR(targets[0].weight, 0.8, 1e-12);
  EXPECT_NEAR(targets[1].weight, 1.2, 1e-12);
  EXPECT_FALSE(targets[0].range);
  EXPECT_EQ(targets[1].range, (age::Range{20, 21}));
}

// Two stores with the ages 20, 20, 50 and 20, 50, 50: in each the two ages weigh 1.5 together.
TEST(TargetsOf, weigh_the_ages_of_each_store_alike_and_then_the_stores) {
  Examples examples = examples_with({{20, 3}, {50, 3}});
  examples.stores = 2;
  for (std::size_t i : {2, 4, 5}) examples.faces[i].store = 1;
  recipe::TrainRecipe recipe;
  recipe.age_weight = 1;
  auto weights = [&] {
    std::vector<double> all;
    for (const nn::Target& target : targets_of(examples, recipe)) all.push_back(target.weight);
    return all;
  };
  EXPECT_THAT(weights(), ElementsAre(0.75, 0.75, 1.5, 1.5, 0.75, 0.75));
  recipe.data_weights = {3, 1};  // of six pictures the mean must stay 1: 1.5 and 0.5
  EXPECT_THAT(weights(), ElementsAre(1.125, 1.125, 0.75, 2.25, 0.375, 0.375));
  recipe.data_weights.clear();
  recipe.age_weights = {0, 1};  // the first store's pictures alike
  EXPECT_THAT(weights(), ElementsAre(1, 1, 1.5, 1, 0.75, 0.75));
}

TEST(EpochOrder, caps_each_age_of_each_store_and_mixes_the_stores) {
  Examples examples = examples_with({{20, 60}});
  examples.stores = 2;
  for (std::size_t i = 40; i < 60; ++i) examples.faces[i].store = 1;
  recipe::TrainRecipe recipe;
  recipe.age_cap = 10;
  std::vector<std::uint32_t> order = epoch_order(examples, recipe, 1);
  auto of_second = [&](std::uint32_t i) { return examples.faces[i].store == 1; };
  ASSERT_EQ(order.size(), 20);
  EXPECT_EQ(std::ranges::count_if(order, of_second), 10);
  EXPECT_LT(std::ranges::count_if(std::span(order).first(10), of_second), 10);
  EXPECT_GT(std::ranges::count_if(std::span(order).first(10), of_second), 0);
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
