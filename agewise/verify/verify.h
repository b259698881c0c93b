// Whether files are what agewise wrote: every checksum that a store, a model, a run and what was derived in it carry,
// compared with the bytes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "agewise/base/progress.h"

namespace agewise::verify {

enum class State {
  good,
  damaged,
  without_checksum,  // of an earlier agewise or another program; what can be told of it is in order
  unreadable,        // no permission, a disk that fails, a store that another process writes
};

struct Finding {
  std::filesystem::path file;
  State state = State::good;
  std::string detail;  // "14 arrays"; of what is not good, why
};

struct Hooks {
  std::function<void(const Finding&)> found;  // one file after the other, in the order of their names
  const base::StopFlag& stop;
  base::ProgressSink progress;
};

// Of `path`, or of all files in it and in the folders in it, links not followed. Returns the number of files in them
// that agewise keeps no checksum of: pictures, labels, reports. Nothing is written, but that SQLite takes back what a
// killed process had begun to write into a store. Throws UsageError if there is no
// such path, or it is such a file; Interrupted on `stop`.
std::int64_t verify(const std::filesystem::path& path, const Hooks& hooks);

}  // namespace agewise::verify
