// What every public function does around its work: one kind of exception, threads, an engine.
#pragma once
#include <exception>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/agewise.h"
#include "agewise/nn/engine.h"

namespace agewise::library {

// Throws agewise::Error, or training::Interrupted, for what `problem` holds: the exceptions that callers know.
[[noreturn]] void rethrow_as_public(const std::exception_ptr& problem);

// What `work` returns; what it throws, as rethrow_as_public() throws it.
template <class Work>
auto told(const Work& work) {
  try {
    return work();
  } catch (...) {
    rethrow_as_public(std::current_exception());
  }
}

// The same, computed on a thread that lives as long: what the engine sets of its OpenMP is not the caller's.
template <class Work>
auto told_by_another_thread(const Work& work) {
  return told([&] { return std::async(std::launch::async, work).get(); });
}

// 1 to 1024, or 0 for one a processor. Throws UsageError for any other number.
int threads_of(int wanted);

// `run`: the kernels that a run computes with (remember_in_run()); empty: none. `warn` as in EngineMemory.
std::unique_ptr<nn::Engine> engine_of(int threads, Kernels kernels, const std::filesystem::path& run = {},
                                      const std::function<void(const std::string&)>& warn = {});

std::vector<AgeClass> classes_of(const age::Classes& classes);

}  // namespace agewise::library
