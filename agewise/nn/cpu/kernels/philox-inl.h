// base/random.h's Philox4x32-10 for as many blocks at once as a vector has lanes. Included inside each instruction
// set's namespace (Highway's per-target pattern), so the guard is toggled by target.
#if defined(AGEWISE_NN_CPU_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef AGEWISE_NN_CPU_PHILOX_INL_H_
#undef AGEWISE_NN_CPU_PHILOX_INL_H_
#else
#define AGEWISE_NN_CPU_PHILOX_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D32 = hn::ScalableTag<std::uint32_t>;
using V32 = hn::Vec<D32>;

struct PhiloxBlocks {
  V32 words[4];
};

// The high halves of the 64-bit products.
HWY_INLINE V32 multiply_high(D32 d, V32 a, V32 b) {
  const hn::Repartition<std::uint64_t, D32> d64;
  auto even = hn::MulEven(a, b);
  auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, a))), b);
  return hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
}

// Counters {first + lane, c1, c2, c3}.
HWY_INLINE PhiloxBlocks philox_blocks(D32 d, std::uint32_t first, std::uint32_t c1, std::uint32_t c2, std::uint32_t c3,
                                      std::uint64_t key) {
  V32 x0 = hn::Iota(d, first), x1 = hn::Set(d, c1), x2 = hn::Set(d, c2), x3 = hn::Set(d, c3);
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  const V32 m0 = hn::Set(d, 0xD2511F53U), m1 = hn::Set(d, 0xCD9E8D57U);
  for (int round = 0; round < 10; ++round) {
    V32 high0 = multiply_high(d, x0, m0), high1 = multiply_high(d, x2, m1);
    V32 low0 = hn::Mul(x0, m0), low1 = hn::Mul(x2, m1);
    x0 = hn::Xor(hn::Xor(high1, x1), hn::Set(d, k0));
    x1 = low1;
    x2 = hn::Xor(hn::Xor(high0, x3), hn::Set(d, k1));
    x3 = low0;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{x0, x1, x2, x3}};
}

// The eight decisions of nn/dropout.h of each block, a bit an element, set: it stays.
HWY_INLINE V32 kept_bits(D32 d, const PhiloxBlocks& blocks, std::uint32_t threshold) {
  // 16 bits are the same signed and unsigned in 32.
  const hn::RebindToSigned<D32> signed_;
  const auto limit = hn::Set(signed_, static_cast<std::int32_t>(threshold));
  V32 bits = hn::Zero(d);
  for (int word = 0; word < 4; ++word) {
    V32 low = hn::And(blocks.words[word], hn::Set(d, 0xFFFFU)), high = hn::ShiftRight<16>(blocks.words[word]);
    auto first = hn::RebindMask(d, hn::Lt(hn::BitCast(signed_, low), limit));
    auto second = hn::RebindMask(d, hn::Lt(hn::BitCast(signed_, high), limit));
    bits = hn::Or(bits, hn::IfThenZeroElse(first, hn::Set(d, 1U << (2 * word))));
    bits = hn::Or(bits, hn::IfThenZeroElse(second, hn::Set(d, 2U << (2 * word))));
  }
  return bits;
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
