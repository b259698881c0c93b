// Named arrays as the weights of a network that a recipe spells out.
#pragma once
#include "agewise/estimate/import.h"
#include "agewise/weights/arrays.h"

namespace agewise::estimate {

// Each parameter of the architecture from the array of its name (torchvision's VGG-16 under Caffe's names conv1_1 …
// fc8; fc8-101 is fc8) and shape, axes of length 1 in front not counted. What all names of the network's arrays begin
// with in the file and not in the architecture ("module.", "model.", "_orig_mod.", both …) is taken off. The last
// layer's classes are as many as the file has. Throws Error naming file and array for one that is missing, of another
// shape or not finite; a UsageError does not name the file.
Imported import_arrays(const std::filesystem::path& file, weights::WeightFile weights, const ImportOptions& options);

}  // namespace agewise::estimate
