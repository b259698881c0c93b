// Asking a tuning cache, or else the clock.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/nn/cpu/tuning_cache.h"

namespace agewise::nn::cpu {

struct Candidate {
  std::string name;
  // Makes the kernel on memory of its own and returns one run of it; what it holds is freed with what it returned.
  std::function<std::function<void()>()> prepare;
  double counts = 1;  // its time counts so many times: below 1 for what is better than another in more than its time
};

struct KernelChooser {
  TuningCache* cache = nullptr;  // null: always the first candidate
  base::Clock clock;
  std::string machine;    // instruction set and threads: other machines choose otherwise
  bool bfloat16 = false;  // estimating: kernels that multiply in bfloat16 are candidates too

  // The index of the fastest of the candidates, by the cache, or timed now and written into it. The first is the
  // default: another must be clearly faster, so that noise alone never makes anything slower.
  std::size_t choose(const std::string& key, const std::vector<Candidate>& candidates) const;
};

}  // namespace agewise::nn::cpu
