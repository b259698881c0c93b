// What the processor could do at best: the measure of all kernels.
#pragma once
#include <cstdint>

namespace agewise::nn {

// Does `rounds` rounds of independent fused multiply-adds in registers on each of `threads` threads, with the widest
// vectors in use; returns the number of floating-point operations done. The caller holds the clock.
double run_multiply_adds(int threads, std::int64_t rounds);

}  // namespace agewise::nn
