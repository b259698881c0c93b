#include "agewise/library/engine.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "agewise/library/surroundings.h"

namespace agewise::library {
namespace {

using Path = std::filesystem::path;
using Warn = std::function<void(const std::string&)>;

nn::KernelBook read_kernel_cache(const Path& file) {
  try {
    if (!file.empty() && std::filesystem::exists(file)) return nn::read_kernel_book(file);
  } catch (const std::exception&) {
  }
  return {};
}

// Once: every network that is compiled would say it again.
void warn_of_cache(const Path& folder, const std::string& problem, const Warn& warn) {
  static std::atomic<bool> warned{false};
  if (warned.exchange(true)) return;
  warn(
      fmt::format("{}: cannot keep there which kernels are fastest ({}); they are timed again in every run. "
                  "XDG_CACHE_HOME names another folder",
                  folder.string(), problem));
}

// What other processes have added since `book` was read stays.
void add_to_cache(const Path& file, nn::KernelBook book, const Warn& warn) {
  if (file.empty()) return;
  try {
    std::filesystem::create_directories(file.parent_path());
    book.merge(read_kernel_cache(file));
    nn::write_kernel_book(file, book);
  } catch (const std::filesystem::filesystem_error& problem) {
    warn_of_cache(file.parent_path(), problem.code().message(), warn);
  } catch (const std::exception& problem) {
    warn_of_cache(file.parent_path(), problem.what(), warn);
  }
}

class RememberingEngine : public nn::Engine {
 public:
  RememberingEngine(nn::CpuOptions options, EngineMemory memory) : memory_(std::move(memory)), saved_(memory_.book) {
    options.book = &memory_.book;
    options.clock = steady_clock();
    engine_ = nn::make_cpu_engine(options);
  }

  std::unique_ptr<nn::Executable> compile(const nn::Graph& graph, int batch, nn::Mode mode,
                                          const nn::Training& training) override {
    std::unique_ptr<nn::Executable> compiled = engine_->compile(graph, batch, mode, training);
    const nn::KernelBook& book = memory_.book;
    const Path& run = memory_.run;
    if (book != saved_) add_to_cache(memory_.cache, book, memory_.warn);
    if (!run.empty() && (book != saved_ || !std::filesystem::exists(run))) nn::write_kernel_book(run, book);
    saved_ = book;
    return compiled;
  }
  std::string name() const override { return engine_->name(); }

 private:
  EngineMemory memory_;
  nn::KernelBook saved_;
  std::unique_ptr<nn::Engine> engine_;
};

}  // namespace

EngineMemory cached_memory() {
  EngineMemory memory;
  memory.cache = kernel_cache();
  memory.book = read_kernel_cache(memory.cache);
  return memory;
}

void remember_in_run(EngineMemory& memory, const Path& kernels) {
  memory.run = kernels;
  if (!std::filesystem::exists(kernels)) return;
  nn::KernelBook begun = nn::read_kernel_book(kernels);
  begun.merge(memory.book);
  memory.book = std::move(begun);
}

std::unique_ptr<nn::Engine> make_remembering_engine(nn::CpuOptions options, EngineMemory memory) {
  return std::make_unique<RememberingEngine>(std::move(options), std::move(memory));
}

}  // namespace agewise::library
