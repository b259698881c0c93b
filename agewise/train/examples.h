// What stores have for training: which faces, in which part, with which targets.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/nn/loss.h"
#include "agewise/store/stores.h"

namespace agewise::train {

// A face is called by its index in `faces` wherever a batch, an order or a dropout key speaks of samples.
struct Examples {
  std::vector<store::FaceRecord> faces;          // all of the stores, in their order and that of the labels
  std::vector<std::uint32_t> train, validation;  // ascending: those of the first store first
  catalog::Split validation_part =
      catalog::Split::val;      // or test, where no store has a val part: as the article did it
  std::size_t stores = 1;       // that the faces are from
  std::int64_t copies = 0;      // training pictures left out: another store has the same file
  std::string validation_name;  // of a share of the training part (multirun.h), instead
};

// Throws Error naming the store and what is missing if one has no training pictures or was not finished, or if none has
// pictures to validate on. Each store is validated on its own val part, or test where it has none. Of several stores a
// training picture is left out if another has the same file in its val or test part, or an earlier one in its training
// part.
Examples examples_of(const store::Stores& stores);

// What a user should know of what is left out, in a sentence; empty if nothing is.
std::string left_out(const Examples& examples);

std::vector<std::uint32_t> indices_of(const std::vector<store::FaceRecord>& faces, catalog::Split part);

// One a face: its age or range, the deviation that recipe.sigma and recipe.label_sigma give it, and for a training
// picture its weight: by recipe.age_weight, or its own of age_weights, among the pictures of its store, where ages
// count by whole years and a range as an even share of a picture in each of its years, times recipe.data_weights of its
// store; 1 on average. And of `soft_targets` (teacher.h), if it is not empty, the face's row.
std::vector<nn::Target> targets_of(const Examples& examples, const recipe::TrainRecipe& recipe,
                                   std::span<const float> soft_targets = {});

// The training pictures of an epoch (from 1) in their order, a function of (seed, epoch), those of all stores mixed: of
// each age of each store at most recipe.age_cap, drawn anew; a range counts as its lower end. Each epoch has as many.
std::vector<std::uint32_t> epoch_order(const Examples& examples, const recipe::TrainRecipe& recipe, int epoch);

// The recipe's classes; where they have edges each stands for the mean age of its training pictures of known age.
// Throws UsageError if the recipe has none.
age::Classes trained_classes(const recipe::ClassesRecipe& recipe, const Examples& examples);

}  // namespace agewise::train
