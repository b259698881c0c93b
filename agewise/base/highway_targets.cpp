// The choice of an instruction set at run time: of Highway's library the only part that its headers do not hold. The
// library itself (1.0.3) measures a timer's resolution when it is loaded, 4 ms of every command's start.
#include <hwy/highway.h>
#include <hwy/targets.h>

#include <atomic>

static_assert(HWY_MAJOR == 1 && HWY_MINOR == 0, "written for Highway 1.0: see hwy/targets.cc of the new version");

namespace hwy {
namespace {

std::atomic<std::int64_t> allowed{-1};

std::int64_t detect() {
  std::int64_t found = 0;
  if (__builtin_cpu_supports("ssse3")) found |= HWY_SSSE3;
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("aes"))
    found |= HWY_SSE4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2"))
    found |= HWY_AVX2;  // and with them LZCNT and F16C, which every processor with AVX2 has
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
    found |= HWY_AVX3;
  return found;
}

}  // namespace

std::int64_t SupportedTargets() {
  static const std::int64_t kFound = detect();
  std::int64_t targets = kFound & allowed.load();
  return targets == 0 ? HWY_STATIC_TARGET : targets;
}

void DisableTargets(std::int64_t targets) { allowed = ~targets; }

ChosenTarget& GetChosenTarget() {
  static ChosenTarget chosen;
  return chosen;
}

}  // namespace hwy
