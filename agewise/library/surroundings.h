// What the process finds around it: clock, environment, the files that come with agewise. Only this room and app/ look.
#pragma once
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "agewise/base/progress.h"

namespace agewise::library {

base::Clock steady_clock();

// agewise/kernels.json in the user's cache folder, $XDG_CACHE_HOME or else ~/.cache; empty: there is none.
std::filesystem::path kernel_cache();

// The models that come with agewise (docs/model-card.md, docs/model-card-permissive.md), and the one that is taken
// where none is named.
inline constexpr const char* kDefaultModel = "compact";
inline constexpr std::array<std::string_view, 2> kBundledModels{kDefaultModel, "permissive"};

// NAME.safetensors of one of kBundledModels: under models/ beside the program or shared library that this code is part
// of (a build folder, a Python package), or under share/agewise/models/ of the prefix that it is installed below; or
// else where the build said that it would be installed. Throws UsageError, which says to name a model, if it is nowhere
// there.
std::filesystem::path bundled_model(const std::string& name);

// The file or run that `model` names: a bundled model by its name, unless a file or a run has that name; all else is a
// path already. Throws as bundled_model() does.
std::filesystem::path named_model(const std::string& model);

}  // namespace agewise::library
