// What of a recipe determines what: a store, a run and what is derived in one outlive the program that made them, and
// whether they belong to a recipe is decided by the keys that could have changed them, and by no others.
//
// A key that is added later must by default do what was done before there was such a key, and its default must never
// change: then it counts nowhere until somebody sets it, and what was made before it stays what it is.
#pragma once
#include <string>

#include "agewise/recipe/recipe.h"

namespace agewise::recipe {

enum class Outcome {
  store,           // a store's faces, rejects and parts: [screen], [face], [split]
  balanced_store,  // and the rows that `prepare --balance` drops: [classes] as well
  training,        // a run's weights, on a store of one content: [classes], [whiten], [augment], [network] and [train],
                   // but for train.epochs and train.patience, by which a run may go on for longer
  pixels,          // a stored face as network input, not augmented: the plain keys of [network], whiten.method
  whitening,       // the transform, on a store of one content: `pixels`, [whiten], train.seed
  features,        // what the layers before train.features make of a face: `pixels`, [augment], the layers, train.seed
  soft_targets,    // what a teacher says of a store's faces: [classes]
};

// "face.size = 16, not 32": the first key that determines the outcome and has another value in `found` than in
// `wanted`. Empty where there is none: the outcomes are the same. Of face.detector, face.margin and others that only
// count beside another key, nothing is said where they do not.
std::string first_difference(Outcome outcome, const Recipe& found, const Recipe& wanted);

// All that determines the outcome, a line a key that is not at its default: equal for recipes between which there is no
// first_difference(). The text of a recipe stays the same in later versions:
// keys stand in it as they were first called (renamed.h).
std::string determinants(Outcome outcome, const Recipe& recipe);

}  // namespace agewise::recipe
