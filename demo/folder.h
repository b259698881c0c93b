// The folder that `agewise demo` makes and, run again, replaces.
#pragma once
#include <filesystem>

namespace agewise::demo {

// The file that says whose folder it is.
inline constexpr const char* kMarker = "agewise-demo.txt";

// Makes the folder, if need be, and puts the marker into it before anything else. Throws UsageError, with nothing
// changed, where something lies there that no earlier demo made.
void claim_folder(const std::filesystem::path& folder);

}  // namespace agewise::demo
