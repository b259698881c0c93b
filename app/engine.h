// The engine that commands compute with.
#pragma once
#include <memory>

#include "agewise/nn/engine.h"
#include "app/commands.h"

namespace agewise {

// On context.threads threads and at most context.isa.
std::unique_ptr<Engine> engine_for(const Context& context);

}  // namespace agewise
