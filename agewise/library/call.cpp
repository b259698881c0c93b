#include "agewise/library/call.h"

#include <new>

#include "agewise/base/error.h"
#include "agewise/base/workers.h"
#include "agewise/library/engine.h"
#include "agewise/nn/cpu/cpu_engine.h"
#include "agewise/training.h"

namespace agewise::library {

void rethrow_as_public(const std::exception_ptr& problem) {
  try {
    std::rethrow_exception(problem);
  } catch (const Error&) {
    throw;
  } catch (const base::Interrupted& error) {
    throw training::Interrupted(error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(base::system_error(error.path1(), "cannot be accessed", error.code().value()).what());
  } catch (const std::bad_alloc&) {
    throw Error("out of memory: use fewer threads, smaller pictures or a smaller batch");
  } catch (const std::exception& error) {
    throw Error(error.what());
  } catch (...) {
    throw Error("a callback threw something that is not a std::exception");
  }
}

int threads_of(int wanted) {
  constexpr int kMost = 1024;
  if (wanted < 0 || wanted > kMost) throw base::UsageError("threads must be 1 to 1024, or 0 for one per processor");
  return wanted > 0 ? wanted : base::processor_count();
}

std::unique_ptr<nn::Engine> engine_of(int threads, Kernels kernels, const std::filesystem::path& run,
                                      const std::function<void(const std::string&)>& warn) {
  nn::CpuOptions options{threads};
  if (kernels == Kernels::standard) return nn::make_cpu_engine(options);
  EngineMemory memory = cached_memory();
  if (warn) memory.warn = warn;
  if (!run.empty()) remember_in_run(memory, run);
  return make_remembering_engine(options, std::move(memory));
}

std::vector<AgeClass> classes_of(const age::Classes& classes) {
  std::vector<AgeClass> list;
  for (int c = 0; c < classes.count(); ++c) {
    auto i = static_cast<std::size_t>(c);
    list.push_back({classes.names[i], classes.values[i]});
  }
  return list;
}

}  // namespace agewise::library
