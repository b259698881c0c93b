// A model as one file, for agewise or for other programs.
#pragma once
#include <filesystem>

#include "agewise/estimate/model.h"

namespace agewise::estimate {

// Throws UsageError for a name that ends neither in .onnx nor in .safetensors, which says what is written.
void check_export_name(const std::filesystem::path& file);

// FILE.safetensors: a complete model, as write_model() writes it. FILE.onnx: all networks of the model as one, from
// pixels (0 to 255, batch × channels × height × width) to probabilities of the classes, or to years; what must happen
// to a picture before stands in the file's metadata. Throws UsageError as check_export_name() does, and for a model
// that ONNX cannot hold: one that whitens, one with a gender head.
void export_model(const std::filesystem::path& file, const Model& model);

}  // namespace agewise::estimate
