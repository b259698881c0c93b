#include "app/engine.h"

#include <cstdlib>

#include "agewise/base/error.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/train/run_folder.h"
#include "app/terminal.h"

namespace agewise {
namespace {

using Path = std::filesystem::path;

Path cached_book() {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (cache != nullptr && *cache != 0) return Path(cache) / "agewise" / "kernels.json";
  return home != nullptr && *home != 0 ? Path(home) / ".cache" / "agewise" / "kernels.json" : Path();
}

// A cache that cannot be read or written costs a second of timing, no more.
KernelBook read_cache(const Path& file) {
  try {
    if (!file.empty() && std::filesystem::exists(file)) return read_kernel_book(file);
  } catch (const Error&) {
  }
  return {};
}

// What other processes have added since `book` was read stays.
void add_to_cache(const Path& file, KernelBook book) {
  if (file.empty()) return;
  try {
    std::filesystem::create_directories(file.parent_path());
    book.merge(read_cache(file));
    write_kernel_book(file, book);
  } catch (const std::exception&) {
  }
}

// The fast engine and the book that it chooses kernels by; what is added to the book is saved at once.
class BookedEngine : public Engine {
 public:
  BookedEngine(CpuOptions options, KernelBook book, Path cache, Path run)
      : book_(std::move(book)), saved_(book_), cache_(std::move(cache)), run_(std::move(run)) {
    options.book = &book_;
    options.clock = steady_clock();
    engine_ = make_cpu_engine(options);
  }

  std::unique_ptr<Executable> compile(const Graph& graph, int batch, Mode mode) override {
    std::unique_ptr<Executable> compiled = engine_->compile(graph, batch, mode);
    if (book_ != saved_) add_to_cache(cache_, book_);
    if (!run_.empty() && (book_ != saved_ || !std::filesystem::exists(run_))) write_kernel_book(run_, book_);
    saved_ = book_;
    return compiled;
  }
  std::string name() const override { return engine_->name(); }

 private:
  KernelBook book_, saved_;
  Path cache_, run_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

std::unique_ptr<Engine> engine_for(const Context& context, const std::optional<RunFolder>& run) {
  CpuOptions options{context.threads, context.isa == "avx2"     ? Isa::avx2
                                      : context.isa == "avx512" ? Isa::avx512
                                                                : Isa::best};
  options.bfloat16 = context.bfloat16 && !run;  // a run's best epoch is chosen in float
  if (context.bfloat16 && context.kernels == "default")
    throw UsageError("--bfloat16 needs kernels that are timed: leave out --kernels default");
  if (context.kernels == "default") return make_cpu_engine(options);
  bool best = context.kernels == "best";
  KernelBook book;
  if (best) {
    book = read_cache(cached_book());
  } else {
    book = read_kernel_book(is_run(context.kernels) ? RunFolder{context.kernels}.kernels() : Path(context.kernels));
  }
  Path of_run = run ? run->kernels() : Path();
  if (run && std::filesystem::exists(of_run)) {  // a run goes on with the kernels that it began with
    KernelBook begun = read_kernel_book(of_run);
    begun.merge(book);
    book = std::move(begun);
  }
  return std::make_unique<BookedEngine>(options, std::move(book), best ? cached_book() : Path(), of_run);
}

}  // namespace agewise
