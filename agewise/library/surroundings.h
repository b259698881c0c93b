// What the process finds around it: clock, environment, the files that come with agewise. Only this room and app/ look.
#pragma once
#include <filesystem>

#include "agewise/base/progress.h"

namespace agewise::library {

base::Clock steady_clock();

// agewise/kernels.json in the user's cache folder, $XDG_CACHE_HOME or else ~/.cache; empty: there is none.
std::filesystem::path kernel_cache();

// compact.safetensors: under models/ beside the program or shared library that this code is part of (a build folder, a
// Python package), or under share/agewise/models/ of the prefix that it is installed below; or else where the build
// said that it would be installed. Throws UsageError, which says to name a model, if it is nowhere there.
std::filesystem::path bundled_model();

}  // namespace agewise::library
