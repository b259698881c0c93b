// The engine that commands compute with.
#pragma once
#include <memory>
#include <optional>

#include "agewise/nn/cpu/tuning_cache.h"
#include "agewise/nn/engine.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"

namespace agewise::app {

// On context.threads threads, at most context.isa, with kernels chosen as context.kernels says; a run's own choices
// come first, and new ones are written into it.
std::unique_ptr<nn::Engine> engine_for(const Context& context, const std::optional<train::RunFolder>& run = {});

// Of the processes beside the first: the same, but with kernels chosen as `choices` says, which is filled in before the
// first network is compiled and must outlive the engine.
std::unique_ptr<nn::Engine> engine_of_others(const Context& context, nn::TuningCache& choices);

// To estimate with a network by several processes: the first times its kernels, and the others take its choices, which
// are put into `choices`; it must outlive the engine. For one process engine_for().
std::unique_ptr<nn::Engine> engine_for_all(const Context& context, const nn::Graph& graph, int batch,
                                           nn::TuningCache& choices);

}  // namespace agewise::app
