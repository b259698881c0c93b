#include "agewise/nn/cpu/cpu_engine.h"

#include <fmt/format.h>

#include <hwy/targets.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "agewise/base/error.h"
#include "agewise/nn/cpu/executable.h"
#include "agewise/nn/cpu/micro_batches.h"

namespace agewise::nn {
namespace {

// oneDNN's and Highway's instruction set must agree: the widest that both may use.
std::string limit_isa(Isa isa) {
  using dnnl::cpu_isa;
  constexpr int kAvx512 = static_cast<int>(cpu_isa::avx512_core);
  if (isa == Isa::avx2) {
    bool changed = dnnl::set_max_cpu_isa(cpu_isa::avx2) == dnnl::status::success;
    if (!changed && (static_cast<int>(dnnl::get_effective_cpu_isa()) & kAvx512) == kAvx512)
      throw base::Error(
          "this process already computes with AVX-512; avx2 can only be chosen before the first computation");
  }
  int effective = static_cast<int>(dnnl::get_effective_cpu_isa());
  bool wide = (effective & kAvx512) == kAvx512;
  if (isa == Isa::avx512 && !wide)
    throw base::UsageError("avx512: this processor does not have it, or its use is disabled; use avx2");
  constexpr int kAvx2 = static_cast<int>(cpu_isa::avx2);
  if ((effective & kAvx2) != kAvx2) throw base::Error("this processor does not have AVX2, which agewise needs");
  if (wide) return "AVX-512";
  hwy::DisableTargets(HWY_AVX3);
  hwy::GetChosenTarget().DeInit();
  return "AVX2";
}

class CpuEngine : public Engine {
 public:
  explicit CpuEngine(const CpuOptions& options) : options_(options), isa_(limit_isa(options.isa)) {
    if (options.threads < 1) throw base::UsageError("threads must be 1 or more");
  }

  std::unique_ptr<Executable> compile(const Graph& graph, int batch, Mode mode, const Training& training) override {
    auto compile = [&](const Graph& part, int pictures) {
      return cpu::make_executable(part, pictures, mode, training, options_.threads, options_.fused,
                                  {options_.tuning_cache, options_.clock, name(), options_.bfloat16});
    };
    std::optional<int> end = mode == Mode::infer ? cpu::end_of_micro_batches(graph, batch) : std::nullopt;
    return end ? cpu::make_micro_batched(graph, batch, *end, compile) : compile(graph, batch);
  }

  std::string name() const override {
    return fmt::format("cpu {}, {} thread{}", isa_, options_.threads, options_.threads == 1 ? "" : "s");
  }

 private:
  CpuOptions options_;
  std::string isa_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(const CpuOptions& options) { return std::make_unique<CpuEngine>(options); }

}  // namespace agewise::nn
