// The fast engine: oneDNN's kernels, and our own where oneDNN has none or where several layers fuse into one pass.
//
// How a graph is compiled (plan.h): layers that are computed together become one operation (operation.h), each
// operation becomes a step (step.h). A step chooses the layout of its output, in general the one that oneDNN's fastest
// kernel asks for, and every later step takes it as it is; only the plain inputs and outputs are reordered.
// Activations, their gradients, saved statistics and scratchpads lie in one arena in which a buffer's place is used
// again once its life is over (memory_plan.h). Parameters and gradients are two flat buffers of equal layout
// (parameters.h).
//
// Layouts: with AVX-512 activations lie in blocks of 16 channels, N × C/16 × H × W × 16 (oneDNN's nChw16c), with AVX2
// in blocks of 8; channels that fill up the last block are 0 and stay 0.
//
// The same calls give the same bits on the same processor with the same thread count, instruction set and tuning cache.
#pragma once
#include <memory>

#include "agewise/base/progress.h"
#include "agewise/nn/cpu/tuning_cache.h"
#include "agewise/nn/engine.h"

namespace agewise::nn {

enum class Isa { best, avx2, avx512 };

struct CpuOptions {
  int threads = 1;
  Isa isa = Isa::best;  // at most this; one choice a process, made before its first engine
  bool fused = true;    // false: one oneDNN primitive a layer, the oracle for our own kernels
  // Kernels that round otherwise than the default and may be faster, Winograd's convolution above all: chosen by the
  // cache; what it does not know is timed once with `clock`, and added. Null: the default everywhere, nothing is timed.
  // Must outlive the engine.
  TuningCache* tuning_cache = nullptr;
  base::Clock clock = {};
  // With a cache, estimating: convolutions may multiply in bfloat16 (8 bits of mantissa; sums stay in float), where
  // that is faster: processors with AVX512_BF16.
  bool bfloat16 = false;
};

// Throws UsageError where the processor lacks `isa`, Error where this process already runs with another.
std::unique_ptr<Engine> make_cpu_engine(const CpuOptions& options);

}  // namespace agewise::nn
