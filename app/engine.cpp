#include "app/engine.h"

namespace agewise {

std::unique_ptr<Engine> engine_for(const Context&) { return make_reference_engine(); }

}  // namespace agewise
