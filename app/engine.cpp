#include "app/engine.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/train/run_folder.h"
#include "app/terminal.h"

namespace agewise::app {
namespace {

using Path = std::filesystem::path;

Path folder_in(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? Path(value) : Path();
}

// Empty: nowhere. A relative path in XDG_CACHE_HOME counts as none (XDG Base Directory Specification 0.8).
Path cached_book() {
  Path cache = folder_in("XDG_CACHE_HOME"), home = folder_in("HOME");
  if (!cache.is_absolute()) cache = home.is_absolute() ? home / ".cache" : Path();
  return cache.empty() ? Path() : cache / "agewise" / "kernels.json";
}

// A cache that cannot be read or written costs a second of timing, no more.
nn::KernelBook read_cache(const Path& file) {
  try {
    if (!file.empty() && std::filesystem::exists(file)) return nn::read_kernel_book(file);
  } catch (const std::exception&) {
  }
  return {};
}

// Once: every network that is compiled would say it again.
void warn_of_cache(const Path& folder, const std::string& problem) {
  static bool warned = false;
  if (std::exchange(warned, true)) return;
  warn(
      fmt::format("{}: cannot keep there which kernels are fastest ({}); they are timed again in every run. "
                  "XDG_CACHE_HOME names another folder",
                  folder.string(), problem));
}

// What other processes have added since `book` was read stays.
void add_to_cache(const Path& file, nn::KernelBook book) {
  if (file.empty()) return;
  try {
    std::filesystem::create_directories(file.parent_path());
    book.merge(read_cache(file));
    nn::write_kernel_book(file, book);
  } catch (const std::filesystem::filesystem_error& problem) {
    warn_of_cache(file.parent_path(), problem.code().message());
  } catch (const std::exception& problem) {
    warn_of_cache(file.parent_path(), problem.what());
  }
}

// The fast engine and the book that it chooses kernels by; what is added to the book is saved at once.
class BookedEngine : public nn::Engine {
 public:
  BookedEngine(nn::CpuOptions options, nn::KernelBook book, Path cache, Path run)
      : book_(std::move(book)), saved_(book_), cache_(std::move(cache)), run_(std::move(run)) {
    options.book = &book_;
    options.clock = steady_clock();
    engine_ = nn::make_cpu_engine(options);
  }

  std::unique_ptr<nn::Executable> compile(const nn::Graph& graph, int batch, nn::Mode mode,
                                          const nn::Training& training) override {
    std::unique_ptr<nn::Executable> compiled = engine_->compile(graph, batch, mode, training);
    if (book_ != saved_) add_to_cache(cache_, book_);
    if (!run_.empty() && (book_ != saved_ || !std::filesystem::exists(run_))) nn::write_kernel_book(run_, book_);
    saved_ = book_;
    return compiled;
  }
  std::string name() const override { return engine_->name(); }

 private:
  nn::KernelBook book_, saved_;
  Path cache_, run_;
  std::unique_ptr<nn::Engine> engine_;
};

}  // namespace

std::unique_ptr<nn::Engine> engine_for(const Context& context, const std::optional<train::RunFolder>& run) {
  nn::CpuOptions options{context.threads, context.isa == "avx2"     ? nn::Isa::avx2
                                          : context.isa == "avx512" ? nn::Isa::avx512
                                                                    : nn::Isa::best};
  options.bfloat16 = context.bfloat16 && !run;  // a run's best epoch is chosen in float
  if (context.bfloat16 && context.kernels == "default")
    throw base::UsageError("--bfloat16 needs kernels that are timed: leave out --kernels default");
  if (context.kernels == "default") return nn::make_cpu_engine(options);
  bool best = context.kernels == "best";
  nn::KernelBook book;
  if (best) {
    book = read_cache(cached_book());
  } else {
    book = nn::read_kernel_book(train::is_run(context.kernels) ? train::RunFolder{context.kernels}.kernels()
                                                               : Path(context.kernels));
  }
  Path of_run = run ? run->kernels() : Path();
  if (run && std::filesystem::exists(of_run)) {  // a run goes on with the kernels that it began with
    nn::KernelBook begun = nn::read_kernel_book(of_run);
    begun.merge(book);
    book = std::move(begun);
  }
  return std::make_unique<BookedEngine>(options, std::move(book), best ? cached_book() : Path(), of_run);
}

}  // namespace agewise::app
