// Files of a run that are computed from its stores and recipe once and kept, each with a key beside it that says of
// what: it is used as long as it would come out the same. Beside the key stands a checksum of the file, which is
// compared whenever a process begins to use it: it is read once then, at some GB/s from memory, else as fast as the
// disk gives it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "agewise/base/progress.h"
#include "agewise/recipe/determines.h"
#include "agewise/store/stores.h"

namespace agewise::train {

struct DerivedFile {
  std::filesystem::path path;  // its key lies beside it: faces.f32, faces.key
  std::string key;             // key_of() all that it depends on
  // What agewise before key_of() wrote there for the same; "": it wrote no key, and the file whole or not at all. Asked
  // for only where `key` is another.
  std::function<std::string()> old_key;
  std::optional<std::uint64_t> bytes = {};  // the file's size, where it is known
};

// A key of what the recipe, the stores and `others` (hashes of what else there is) determine.
std::string key_of(recipe::Outcome outcome, const recipe::Recipe& recipe, const store::Stores& stores,
                   const std::string& others = "");

// Whether the file is there, of its key and size. Its bytes are not looked at.
bool holds(const DerivedFile& file);

// Has `make` write the file unless it holds. Returns whether it held. What `make` had begun when the process was killed
// does not hold. Throws Error if the file holds and is not what was written. One without a checksum, of an earlier
// agewise, is taken as it is and gets one.
bool make_unless_it_holds(const DerivedFile& file, const std::function<void()>& make);

enum class DerivedState { whole, damaged, without_checksum };

// By the key beside it alone; without one, or one that is no key, it has no checksum. `sink` is told how far it is.
DerivedState state_of_derived(const std::filesystem::path& file, const base::StopFlag& stop,
                              const base::ProgressSink& sink);

}  // namespace agewise::train
