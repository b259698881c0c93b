#include "agewise/nn/cpu/peak.h"

#include <omp.h>

#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/peak.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve chains hide the latency of every processor's multiply-add. The result keeps the compiler from dropping them.
double multiply_adds(std::int64_t rounds, float* result) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const V factor = hn::Set(d, 0.5F), one = hn::Set(d, 1.0F);
  V a = one, b = one, c = one, e = one, f = one, g = one, h = one, i = one, j = one, k = one, l = one, m = one;
  for (std::int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, factor, one), b = hn::MulAdd(b, factor, one), c = hn::MulAdd(c, factor, one);
    e = hn::MulAdd(e, factor, one), f = hn::MulAdd(f, factor, one), g = hn::MulAdd(g, factor, one);
    h = hn::MulAdd(h, factor, one), i = hn::MulAdd(i, factor, one), j = hn::MulAdd(j, factor, one);
    k = hn::MulAdd(k, factor, one), l = hn::MulAdd(l, factor, one), m = hn::MulAdd(m, factor, one);
  }
  V sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(h, i)));
  *result = hn::GetLane(hn::Add(sum, hn::Add(hn::Add(j, k), hn::Add(l, m))));
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace agewise::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise {
namespace cpu {
namespace {

HWY_EXPORT(multiply_adds);

double on_all_threads(int threads, std::int64_t rounds) {
  std::vector<float> results(static_cast<std::size_t>(threads));
  double operations = 0;
#pragma omp parallel num_threads(threads) reduction(+ : operations)
  operations += HWY_DYNAMIC_DISPATCH(multiply_adds)(rounds, &results[static_cast<std::size_t>(omp_get_thread_num())]);
  return operations;
}

}  // namespace
}  // namespace cpu

double run_multiply_adds(int threads, std::int64_t rounds) { return cpu::on_all_threads(threads, rounds); }

}  // namespace agewise
#endif
