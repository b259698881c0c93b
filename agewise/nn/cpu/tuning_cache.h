// Which of several kernels computes something fastest on this machine: timed once, remembered.
#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace agewise::nn {

// From what is computed ("AVX-512, 2 threads: convolution 8×64×56×56 → 256, 3×3, forward") to the chosen kernel's name
// ("winograd"). A name that a later version does not know is timed anew.
using TuningCache = std::map<std::string, std::string>;

// A JSON file. Reading throws Error if it is none of ours; writing is whole or not at all.
TuningCache read_tuning_cache(const std::filesystem::path& file);
void write_tuning_cache(const std::filesystem::path& file, const TuningCache& cache);

}  // namespace agewise::nn
