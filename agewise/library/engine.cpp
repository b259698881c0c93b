#include "agewise/library/engine.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "agewise/library/surroundings.h"

namespace agewise::library {
namespace {

using Path = std::filesystem::path;
using Warn = std::function<void(const std::string&)>;

nn::TuningCache read_kernel_cache(const Path& file) {
  try {
    if (!file.empty() && std::filesystem::exists(file)) return nn::read_tuning_cache(file);
  } catch (const std::exception&) {
  }
  return {};
}

// Once: every network that is compiled would say it again.
void warn_of_cache(const Path& folder, const std::string& problem, const Warn& warn) {
  static std::atomic<bool> warned{false};
  if (warned.exchange(true)) return;
  warn(
      fmt::format("{}: the tuning cache cannot be written ({}), so kernels are timed again in every run; set "
                  "XDG_CACHE_HOME to another folder",
                  folder.string(), problem));
}

// What other processes have added since `cache` was read stays.
void add_to_cache(const Path& file, nn::TuningCache cache, const Warn& warn) {
  if (file.empty()) return;
  try {
    std::filesystem::create_directories(file.parent_path());
    cache.merge(read_kernel_cache(file));
    nn::write_tuning_cache(file, cache);
  } catch (const std::filesystem::filesystem_error& problem) {
    warn_of_cache(file.parent_path(), problem.code().message(), warn);
  } catch (const std::exception& problem) {
    warn_of_cache(file.parent_path(), problem.what(), warn);
  }
}

class RememberingEngine : public nn::Engine {
 public:
  RememberingEngine(nn::CpuOptions options, EngineMemory memory) : memory_(std::move(memory)), saved_(memory_.cache) {
    options.tuning_cache = &memory_.cache;
    options.clock = steady_clock();
    engine_ = nn::make_cpu_engine(options);
  }

  std::unique_ptr<nn::Executable> compile(const nn::Graph& graph, int batch, nn::Mode mode,
                                          const nn::Training& training) override {
    std::unique_ptr<nn::Executable> compiled = engine_->compile(graph, batch, mode, training);
    const nn::TuningCache& cache = memory_.cache;
    const Path& run = memory_.run_file;
    if (cache != saved_) add_to_cache(memory_.cache_file, cache, memory_.warn);
    if (!run.empty() && (cache != saved_ || !std::filesystem::exists(run))) nn::write_tuning_cache(run, cache);
    saved_ = cache;
    return compiled;
  }
  std::string name() const override { return engine_->name(); }

 private:
  EngineMemory memory_;
  nn::TuningCache saved_;
  std::unique_ptr<nn::Engine> engine_;
};

}  // namespace

EngineMemory cached_memory() {
  EngineMemory memory;
  memory.cache_file = kernel_cache();
  memory.cache = read_kernel_cache(memory.cache_file);
  return memory;
}

void remember_in_run(EngineMemory& memory, const Path& kernels) {
  memory.run_file = kernels;
  if (!std::filesystem::exists(kernels)) return;
  nn::TuningCache begun = nn::read_tuning_cache(kernels);
  begun.merge(memory.cache);
  memory.cache = std::move(begun);
}

std::unique_ptr<nn::Engine> make_remembering_engine(nn::CpuOptions options, EngineMemory memory) {
  return std::make_unique<RememberingEngine>(std::move(options), std::move(memory));
}

}  // namespace agewise::library
