#include "app/shipped_model.h"

#include "agewise/base/error.h"

namespace agewise::app {

std::filesystem::path shipped_model() {
  std::error_code unknown;
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path();
  for (const char* place : {"models/compact.safetensors", "../share/agewise/compact.safetensors"}) {
    if (std::filesystem::exists(folder / place)) return folder / place;
  }
  throw base::UsageError("no model was named, and the bundled one is not where it belongs, " +
                         (folder / "models/compact.safetensors").string() +
                         ": copy it there from the build folder, or name a model");
}

}  // namespace agewise::app
