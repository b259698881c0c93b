// An ONNX network as a model.
#pragma once
#include "agewise/estimate/import.h"

namespace agewise::estimate {

// As import_model(); a UsageError does not name the file.
Imported import_onnx(const std::filesystem::path& file, const ImportOptions& options);

}  // namespace agewise::estimate
