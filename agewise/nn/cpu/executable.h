// A compiled graph: the plan, its steps in order, and the buffers that the caller sees.
#pragma once
#include <memory>

#include "agewise/nn/cpu/plan/kernel_choice.h"
#include "agewise/nn/engine.h"

namespace agewise::nn::cpu {

std::unique_ptr<Executable> make_executable(const Graph& graph, int batch, Mode mode, const Training& training,
                                            int threads, bool fused, const KernelChooser& chooser);

}  // namespace agewise::nn::cpu
