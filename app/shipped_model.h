// The model that comes with the program.
#pragma once
#include <filesystem>

namespace agewise::app {

// models/compact.safetensors beside the program, or ../share/agewise/ of where it is installed. Throws UsageError,
// which says to name a model, if neither is there.
std::filesystem::path shipped_model();

}  // namespace agewise::app
