// Numbers too small for a float's exponent, below 1.2e-38, cost a processor a hundred cycles each. Weights of channels
// that died while a network learned with weight decay are such numbers: with dlib's age predictor to start from, a step
// takes twelve times as long. To a network they are zeros.
#pragma once
#include <immintrin.h>
#include <omp.h>

#include <span>

namespace agewise::nn::cpu {

// While it lives, this thread and OpenMP's threads beside it take such numbers, read or computed, for zeros; afterwards
// they are as they were. The number of threads (omp_set_num_threads) must not change meanwhile; `before` has a place
// for each.
class FlushDenormals {
 public:
  // This thread outside of the parallel region: LLVM's OpenMP undoes there what was changed inside, and gives the other
  // threads what this one has; GNU's leaves each thread to itself.
  explicit FlushDenormals(std::span<unsigned> before) : before_(before), mine_(_mm_getcsr()) {
    _mm_setcsr(mine_ | kReadAndComputed);
#pragma omp parallel
    {
      unsigned& own = before_[static_cast<std::size_t>(omp_get_thread_num())];
      own = _mm_getcsr();
      _mm_setcsr(own | kReadAndComputed);
    }
  }
  ~FlushDenormals() {
#pragma omp parallel
    _mm_setcsr(before_[static_cast<std::size_t>(omp_get_thread_num())]);
    _mm_setcsr(mine_);
  }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned kReadAndComputed = 0x8040;  // MXCSR's bits "denormals are zero" and "flush to zero"
  std::span<unsigned> before_;                          // MXCSR of each thread
  unsigned mine_;                                       // of this one
};

}  // namespace agewise::nn::cpu
