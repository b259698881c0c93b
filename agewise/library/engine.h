// The fast engine with a memory of which kernels are fastest.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/nn/engine.h"

namespace agewise::library {

struct EngineMemory {
  nn::TuningCache cache;             // the choices to begin with
  std::filesystem::path cache_file;  // a cache that new choices are added to; empty: none
  std::filesystem::path run_file;    // a cache that is written over with all choices; empty: none
  // Once a process: that the cache cannot be written, in a sentence. Where the cache is of no use, kernels are timed
  // anew.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

// What is in the user's cache (surroundings.h), and its file. A file that is missing or broken is an empty cache: that
// costs a second of timing, no more.
EngineMemory cached_memory();

// What a run computes with: it goes on with the kernels that it began with (`kernels`, train/run_folder.h), and what is
// chosen beyond them is written there.
void remember_in_run(EngineMemory& memory, const std::filesystem::path& kernels);

// Kernels are chosen by memory.cache; what it does not know is timed with steady_clock() and remembered at once. Throws
// as make_cpu_engine() does, of which options.tuning_cache and options.clock are replaced.
std::unique_ptr<nn::Engine> make_remembering_engine(nn::CpuOptions options, EngineMemory memory);

}  // namespace agewise::library
