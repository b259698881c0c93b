#include "agewise/nn/cpu/kernels/elementwise.h"

#include <cstring>

#include "agewise/nn/cpu/kernels/parallel.h"

// Highway compiles what follows once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/elementwise.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// out[i] = body(a[i], b[i])
template <class Body>
HWY_INLINE void for_each(const float* a, const float* b, float* out, std::size_t n, Body body) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(body(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  const hn::CappedTag<float, 1> one;
  for (; i < n; ++i) hn::StoreU(body(one, hn::LoadU(one, a + i), hn::LoadU(one, b + i)), one, out + i);
}

void add(const float* a, const float* b, float* sum, std::size_t n) {
  for_each(a, b, sum, n, [](auto, auto x, auto y) HWY_ATTR { return hn::Add(x, y); });
}

void relu(const float* in, const float*, float* out, std::size_t n) {
  for_each(in, in, out, n, [](auto d, auto x, auto) HWY_ATTR { return hn::Max(x, hn::Zero(d)); });
}

void relu_backward(const float* output, const float* gradient, float* changed, std::size_t n) {
  for_each(output, gradient, changed, n,
           [](auto d, auto y, auto g) HWY_ATTR { return hn::IfThenElseZero(hn::Gt(y, hn::Zero(d)), g); });
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn::cpu {
namespace {

constexpr std::int64_t kWorthAThread = 1 << 14;  // floats

using Kernel = void (*)(const float*, const float*, float*, std::size_t);

void on_all_threads(Kernel kernel, const float* a, const float* b, float* out, std::size_t n) {
  parallel(static_cast<std::int64_t>(n), kWorthAThread, [&](std::int64_t begin, std::int64_t end, int) {
    kernel(a + begin, b + begin, out + begin, static_cast<std::size_t>(end - begin));
  });
}

HWY_EXPORT(add);
HWY_EXPORT(relu);
HWY_EXPORT(relu_backward);

}  // namespace

void add(const float* a, const float* b, float* sum, std::size_t n) {
  on_all_threads(HWY_DYNAMIC_DISPATCH(add), a, b, sum, n);
}
void add_to(const float* from, float* to, std::size_t n) { add(to, from, to, n); }
void relu(const float* in, float* out, std::size_t n) { on_all_threads(HWY_DYNAMIC_DISPATCH(relu), in, in, out, n); }
void relu_backward(const float* output, const float* gradient, float* changed, std::size_t n) {
  on_all_threads(HWY_DYNAMIC_DISPATCH(relu_backward), output, gradient, changed, n);
}

void fill_zero(float* to, std::size_t n) {
  parallel(static_cast<std::int64_t>(n), kWorthAThread, [&](std::int64_t begin, std::int64_t end, int) {
    std::memset(to + begin, 0, static_cast<std::size_t>(end - begin) * sizeof(float));
  });
}

void copy(const float* from, float* to, std::size_t n) {
  parallel(static_cast<std::int64_t>(n), kWorthAThread, [&](std::int64_t begin, std::int64_t end, int) {
    std::memcpy(to + begin, from + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
  });
}

}  // namespace agewise::nn::cpu
#endif
