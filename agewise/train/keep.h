// What is left of a run once it is finished.
#pragma once
#include "agewise/train/run_folder.h"

namespace agewise::train {

// Removes what only going on needs: last.safetensors, and what was derived from the store (faces.f32, features-*.f32,
// soft-targets.f32), of the run and of the members in it. What best.safetensors needs stays, and so does everything of
// a run or member without a best.safetensors. From then on has_model_only(run).
void keep_model_only(const RunFolder& run);

bool has_model_only(const RunFolder& run);

}  // namespace agewise::train
