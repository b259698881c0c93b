#include "app/engine.h"

#include "agewise/base/error.h"
#include "agewise/library/engine.h"
#include "agewise/library/surroundings.h"
#include "agewise/train/together.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

nn::CpuOptions cpu_options(const Context& context) {
  return {context.threads, context.isa == "avx2"     ? nn::Isa::avx2
                           : context.isa == "avx512" ? nn::Isa::avx512
                                                     : nn::Isa::best};
}

// What `--kernels` says, other than "default".
library::EngineMemory memory_of(const Context& context, const std::optional<train::RunFolder>& run) {
  library::EngineMemory memory;
  if (context.kernels == "best") {
    memory = library::cached_memory();
  } else {
    memory.cache = nn::read_tuning_cache(train::is_run(context.kernels) ? train::RunFolder{context.kernels}.kernels()
                                                                        : std::filesystem::path(context.kernels));
  }
  memory.warn = [](const std::string& problem) { warn(problem); };
  if (run) library::remember_in_run(memory, run->kernels());
  return memory;
}

}  // namespace

std::unique_ptr<nn::Engine> engine_for(const Context& context, const std::optional<train::RunFolder>& run) {
  nn::CpuOptions options = cpu_options(context);
  options.bfloat16 = context.bfloat16 && !run;  // a run's best epoch is chosen in float
  if (context.bfloat16 && context.kernels == "default")
    throw base::UsageError("--bfloat16 needs kernels that are timed: leave out --kernels default");
  if (context.kernels == "default") return nn::make_cpu_engine(options);
  return library::make_remembering_engine(options, memory_of(context, run));
}

std::unique_ptr<nn::Engine> engine_of_others(const Context& context, nn::TuningCache& choices) {
  nn::CpuOptions options = cpu_options(context);
  if (context.kernels != "default") {
    options.tuning_cache = &choices;
    options.clock = steady_clock();
  }
  return nn::make_cpu_engine(options);
}

std::unique_ptr<nn::Engine> engine_for_all(const Context& context, const nn::Graph& graph, int batch,
                                           nn::TuningCache& choices) {
  base::Communicator& communicator = context.communicator;
  if (communicator.rank() > 0) {
    choices = train::broadcast_choices(communicator, {});
    return engine_of_others(context, choices);
  }
  std::unique_ptr<nn::Engine> engine = engine_for(context);
  if (communicator.size() == 1) return engine;
  engine->compile(graph, batch, nn::Mode::infer);  // what it chooses is remembered
  if (context.kernels != "default") choices = memory_of(context, {}).cache;
  train::broadcast_choices(communicator, choices);
  return engine;
}

}  // namespace agewise::app
