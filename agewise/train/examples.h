// What a store has for training: which faces, in which part, with which targets.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/nn/loss.h"
#include "agewise/store/store.h"

namespace agewise::train {

// A face is called by its index in `faces` wherever a batch, an order or a dropout key speaks of samples.
struct Examples {
  std::vector<store::FaceRecord> faces;  // all of the store, in label order
  std::vector<std::uint32_t> train, validation;
  catalog::Split validation_part =
      catalog::Split::val;      // or test, where the store has no val part: as the article did it
  std::int64_t ranges = 0;      // faces of these two parts that are left out: only a range of ages is known
  std::string validation_name;  // of a share of the training part (multirun.h), instead
};

// Faces whose age is known only as a range are in neither part. Throws Error naming what is missing if the store has no
// training or no other pictures, or was not finished.
Examples examples_of(const store::Store& store);

// What a user should know of what is left out, in a sentence; empty if nothing is.
std::string left_out(const Examples& examples);

std::vector<std::uint32_t> indices_of(const std::vector<store::FaceRecord>& faces, catalog::Split part);

// One a face: its age, the deviation that recipe.sigma and recipe.label_sigma give it, and for a training picture its
// weight by recipe.age_weight, 1 on average; ages count by whole years; and of `soft_targets` (teacher.h), if it is not
// empty, the face's row.
std::vector<nn::Target> targets_of(const Examples& examples, const recipe::TrainRecipe& recipe,
                                   std::span<const float> soft_targets = {});

// The training pictures of an epoch (from 1) in their order, a function of (seed, epoch): of each age at most
// recipe.age_cap, drawn anew. Each epoch has as many.
std::vector<std::uint32_t> epoch_order(const Examples& examples, const recipe::TrainRecipe& recipe, int epoch);

// The recipe's classes; where they have edges each stands for the mean age of its training pictures. Throws UsageError
// if the recipe has none.
age::Classes trained_classes(const recipe::ClassesRecipe& recipe, const Examples& examples);

}  // namespace agewise::train
