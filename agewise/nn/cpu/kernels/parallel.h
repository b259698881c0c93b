// OpenMP for our own kernels: the same threads that oneDNN's use.
#pragma once
#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace agewise::nn::cpu {

// Calls body(begin, end, part) for each thread's part of 0 … n-1: parts of equal length in order, fixed by n and the
// thread count. Fewer than `worth` items a thread are not worth waking one for.
template <class Body>
void parallel(std::int64_t n, std::int64_t worth, Body body) {
  std::int64_t parts = std::clamp<std::int64_t>(n / std::max<std::int64_t>(worth, 1), 1, omp_get_max_threads());
  if (parts == 1) return body(std::int64_t{0}, n, 0);
#pragma omp parallel num_threads(static_cast <int>(parts))
  {
    std::int64_t part = omp_get_thread_num();
    body(n * part / parts, n * (part + 1) / parts, static_cast<int>(part));
  }
}

}  // namespace agewise::nn::cpu
