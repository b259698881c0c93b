// The threads that prepare, decode and draw. (The engine's own are OpenMP's: one thread calls it.
// A detector that is a network has an engine of its own, of one thread.)
#pragma once
#include <cstddef>
#include <functional>

namespace agewise::base {

// Processors this process may use: 1 or more.
int processor_count();

// Calls `body(i)` for every i of 0 … n-1 on `threads` threads, the calling one among them, and returns when all are
// done; in which order, is not said. The first exception stops the handing out and is thrown again here.
void parallel_for(int threads, std::size_t n, const std::function<void(std::size_t)>& body);

}  // namespace agewise::base
