// What a store has for training: which faces, in which part, with which targets.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/nn/loss.h"
#include "agewise/store/store.h"

namespace agewise {

// A face is called by its index in `faces` wherever a batch, an order or a dropout key speaks of samples.
struct Examples {
  std::vector<FaceRecord> faces;  // all of the store, in label order
  std::vector<std::uint32_t> train, validation;
  Split validation_part = Split::val;  // or test, where the store has no val part: as the article did it
};

// Throws Error naming what is missing if the store has no training or no other pictures, or was not finished.
Examples examples_of(const Store& store);

std::vector<std::uint32_t> indices_of(const std::vector<FaceRecord>& faces, Split part);

// A hash over recipe, labels and faces of a store: two stores with the same one train the same.
std::string content_of(const Store& store);

// One a face: its age, and its deviation or, where the labels give none, the recipe's.
std::vector<Target> targets_of(const std::vector<FaceRecord>& faces, double default_sigma);

// The recipe's classes; where they have edges each stands for the mean age of its training pictures. Throws UsageError
// if the recipe has none.
Classes trained_classes(const ClassesRecipe& recipe, const Examples& examples);

}  // namespace agewise
