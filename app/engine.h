// The engine that commands compute with.
#pragma once
#include <memory>
#include <optional>

#include "agewise/nn/engine.h"
#include "agewise/train/run_folder.h"
#include "app/commands.h"

namespace agewise::app {

// On context.threads threads, at most context.isa, with kernels chosen as context.kernels says; a run's own choices
// come first, and new ones are written into it.
std::unique_ptr<nn::Engine> engine_for(const Context& context, const std::optional<train::RunFolder>& run = {});

}  // namespace agewise::app
