#include "agewise/recipe/determines.h"

#include <gtest/gtest.h>

namespace agewise::recipe {
namespace {

// What first_difference() says of a recipe and the same with the assignments.
std::string difference(Outcome outcome, const std::vector<std::string>& assignments, const Recipe& recipe = {}) {
  Recipe other = recipe;
  set_options(other, assignments);
  EXPECT_EQ(determinants(outcome, recipe) == determinants(outcome, other),
            first_difference(outcome, recipe, other).empty());
  return first_difference(outcome, recipe, other);
}

Recipe recipe_with(const std::vector<std::string>& assignments) {
  Recipe recipe;
  set_options(recipe, assignments);
  return recipe;
}

TEST(FirstDifference, names_the_key_and_both_values) {
  EXPECT_EQ(difference(Outcome::store, {"face.size=64"}), "face.size = 128, not 64");
  EXPECT_EQ(difference(Outcome::store, {"screen.second_face=ignore"}), "screen.second_face = 'reject', not 'ignore'");
  EXPECT_EQ(difference(Outcome::training, {"train.learning_rate=0.5", "whiten.method=zca"}),
            "whiten.method = 'none', not 'zca'");
}

TEST(FirstDifference, of_stores_does_not_look_at_what_only_training_needs) {
  EXPECT_EQ(difference(Outcome::store, {"train.learning_rate=0.5", "classes.years=101", "augment.mirror=true",
                                        "whiten.method=none", "network.scale=0.5"}),
            "");
  Recipe named;
  named.name = named.description = "other";
  EXPECT_EQ(first_difference(Outcome::store, {}, named), "");
}

TEST(FirstDifference, of_balanced_stores_looks_at_the_classes) {
  EXPECT_EQ(difference(Outcome::balanced_store, {"classes.years=101"}), "classes.years = 0, not 101");
  EXPECT_EQ(difference(Outcome::balanced_store, {"split.seed=2"}, recipe_with({"split.rule=ordered"})),
            "split.seed = 1, not 2");
}

TEST(FirstDifference, of_stores_passes_over_keys_that_nothing_asks) {
  EXPECT_EQ(difference(Outcome::store, {"face.margin=0.1", "face.rotations=all", "face.no_face=reject"}), "");
  EXPECT_EQ(difference(Outcome::store, {"face.margin=0.1"}, recipe_with({"face.crop=true"})),
            "face.margin = 0.4, not 0.1");
  EXPECT_EQ(difference(Outcome::store, {"face.rotations=all"}, recipe_with({"face.detect=true"})),
            "face.rotations = 'coarse-to-fine', not 'all'");
  EXPECT_EQ(difference(Outcome::store, {"split.seed=2"}), "split.seed = 1, not 2");
  EXPECT_EQ(difference(Outcome::store, {"split.seed=2"}, recipe_with({"split.rule=ordered"})), "");
}

TEST(FirstDifference, of_trainings_lets_a_run_go_on_for_longer_on_what_the_store_decides) {
  EXPECT_EQ(difference(Outcome::training, {"train.epochs=7", "train.patience=3", "screen.min_age=18", "split.train=0.5",
                                           "face.margin=0.1"}),
            "");
  EXPECT_EQ(difference(Outcome::training, {"train.seed=9"}), "train.seed = 1, not 9");
}

TEST(FirstDifference, finds_another_layer) {
  Recipe recipe, other;
  recipe.network.layers = other.network.layers = {{"relu", "", {}, {}}, {"dropout", "drop", {}, {{"rate", 0.3}}}};
  EXPECT_EQ(first_difference(Outcome::training, recipe, other), "");
  other.network.layers[1].options["rate"] = 0.4;
  EXPECT_EQ(first_difference(Outcome::training, recipe, other), "a different layer 2 of network.layers");
  other.network.layers.pop_back();
  EXPECT_EQ(first_difference(Outcome::training, recipe, other), "2 network.layers, not 1");
  EXPECT_EQ(first_difference(Outcome::whitening, recipe, other), "");
}

// A key that is new, and at its default, changes nothing that was made before there was the key.
TEST(Determinants, are_none_where_all_is_as_by_default) {
  for (Outcome outcome : {Outcome::store, Outcome::balanced_store, Outcome::training, Outcome::pixels,
                          Outcome::whitening, Outcome::features, Outcome::soft_targets}) {
    EXPECT_EQ(determinants(outcome, Recipe{}), "");
  }
}

// Keys of files in runs are made of these texts: what stands here must stay.
TEST(Determinants, of_the_articles_recipe_stay_as_they_are) {
  Recipe seed = load_recipe("seed");
  EXPECT_EQ(determinants(Outcome::store, seed), "");
  EXPECT_EQ(determinants(Outcome::pixels, seed), "whiten.method = 'zca'\n");
  EXPECT_EQ(determinants(Outcome::soft_targets, seed),
            "classes.edges = [30, 45, 60]\nclasses.names = ['Young', 'Middle', 'Old', 'Very Old']\n");
  set_options(seed, {"whiten.samples=500", "train.seed=3", "face.size=64", "screen.min_age=18"});
  EXPECT_EQ(determinants(Outcome::whitening, seed), "whiten.method = 'zca'\nwhiten.samples = 500\ntrain.seed = 3\n");
  EXPECT_EQ(determinants(Outcome::store, seed), "screen.min_age = 18\nface.size = 64\n");
}

TEST(Determinants, have_keys_as_they_were_first_called) {
  Recipe recipe = load_recipe("seed3");
  recipe.whiten = {};
  recipe.network.size = 64;
  recipe.network.center_crop = 100;
  EXPECT_EQ(determinants(Outcome::pixels, recipe), "network.size = 64\nnetwork.view = 100\n");
  recipe.network.layers = {{"relu", "r", {}, {{"lr_multiplier", 10.0}, {"bias_lr_multiplier", 20.0}}}};
  EXPECT_EQ(determinants(Outcome::features, recipe),
            "network.size = 64\nnetwork.view = 100\n\n[[network.layers]]\nkind = 'relu'\nname = 'r'\n"
            "bias_rate_factor = 20.0\nrate_factor = 10.0\n");
}

// Runs from before recipes named networks keep all layers spelled out; they go on.
TEST(Determinants, are_the_same_of_a_named_network_and_of_its_layers_spelled_out) {
  for (const auto& [name, text] : built_in_recipes()) {
    Recipe named = load_recipe(name), spelled_out = parse_recipe(to_toml(named), "run");
    for (Outcome outcome : {Outcome::training, Outcome::features}) {
      EXPECT_EQ(determinants(outcome, spelled_out), determinants(outcome, named)) << name;
      EXPECT_EQ(first_difference(outcome, spelled_out, named), "") << name;
    }
  }
}

}  // namespace
}  // namespace agewise::recipe
