#include "agewise/nn/cpu/kernels/peak.h"

#include <omp.h>

#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/peak.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Twelve chains hide the latency of every processor's multiply-add. Each starts elsewhere, or the compiler would
// compute one for all; the result keeps it from dropping them.
double multiply_adds(std::int64_t rounds, float* result) {
  constexpr int kChains = 12;
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.5F), one = hn::Set(d, 1.0F);
  hn::Vec<decltype(d)> chains[kChains];
  for (int i = 0; i < kChains; ++i) chains[i] = hn::Set(d, static_cast<float>(i));
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (auto& chain : chains) chain = hn::MulAdd(chain, factor, one);
  }
  auto sum = hn::Zero(d);
  for (const auto& chain : chains) sum = hn::Add(sum, chain);
  *result = hn::GetLane(sum);
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn {
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

}  // namespace agewise::nn
#endif
