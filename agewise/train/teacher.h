// A finished model as a teacher: what it thinks of a training picture is learned beside the label, which is one age and
// often a wrong one.
#pragma once
#include <optional>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/estimate/model.h"
#include "agewise/nn/engine.h"
#include "agewise/store/stores.h"
#include "agewise/train/run_folder.h"

namespace agewise::train {

// Throws UsageError where the recipe and the teacher, or no teacher (null), do not go together: without
// train.distillation_weight there may be none, with it there must be one until the run has what it says; from then on
// it is not asked again. It must tell a distribution over the recipe's classes and see faces of the recipe's cut and
// colour; their size may be another, to which they are then resized.
void check_teacher(const estimate::Model* teacher, const recipe::Recipe& recipe, const store::Stores& stores,
                   const RunFolder& run);

// A distribution over the recipe's classes for each face of the stores, in their order, of the picture as it is stored
// (of an ensemble and of mirror images the mean); 0 for faces that are not of the training part. Computed by `teacher`,
// which check_teacher() must have let pass, and kept in RUN/soft-targets.f32, which a resumed run reads. Empty
// where train.distillation_weight is 0. Throws Error if it was kept for other stores or an estimate is not finite,
// Interrupted on `stop`.
std::vector<float> soft_targets_by(std::optional<estimate::Model> teacher, const recipe::Recipe& recipe,
                                   const store::Stores& stores, const RunFolder& run, nn::Engine& engine,
                                   const base::StopFlag& stop, const base::ProgressSink& progress);

}  // namespace agewise::train
