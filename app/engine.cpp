#include "app/engine.h"

#include "agewise/nn/cpu/cpu_engine.h"

namespace agewise {

std::unique_ptr<Engine> engine_for(const Context& context) {
  Isa isa = context.isa == "avx2" ? Isa::avx2 : context.isa == "avx512" ? Isa::avx512 : Isa::best;
  return make_cpu_engine({context.threads, isa});
}

}  // namespace agewise
