#include "agewise/nn/cpu/kernels/dropout_mask.h"

#include "agewise/nn/dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/dropout_mask.cpp"
#include <hwy/foreach_target.h>
//
#include "agewise/nn/cpu/kernels/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {

void make_mask(std::uint32_t purpose, std::uint32_t epoch, std::uint32_t sample, std::uint64_t seed,
               std::uint32_t threshold, std::int64_t blocks, std::uint8_t* mask) {
  const D32 d;
  const hn::Rebind<std::uint8_t, D32> bytes;
  for (std::int64_t block = 0; block < blocks; block += static_cast<std::int64_t>(hn::Lanes(d))) {
    PhiloxBlocks random = philox_blocks(d, static_cast<std::uint32_t>(block), purpose, epoch, sample, seed);
    hn::StoreU(hn::TruncateTo(bytes, kept_bits(d, random, threshold)), bytes, mask + block);
  }
}

// Eight elements at a time: a byte of the mask.
HWY_INLINE void apply_byte(const std::uint8_t* mask, float scale, const float* in, float* out) {
  const hn::CappedTag<float, 8> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < 8; i += lanes) {
    // LoadMaskBits may read 8 bytes.
    std::uint8_t bits[8] = {static_cast<std::uint8_t>(*mask >> i)};
    auto kept = hn::LoadMaskBits(d, bits);
    hn::StoreU(hn::IfThenElseZero(kept, hn::Mul(hn::LoadU(d, in + i), hn::Set(d, scale))), d, out + i);
  }
}

void apply_run(const std::uint8_t* mask, float scale, const float* in, float* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) apply_byte(mask + i / 8, scale, in + i, out + i);
  for (; i < n; ++i) out[i] = ((mask[i / 8] >> (i % 8)) & 1) != 0 ? in[i] * scale : 0;
}

void apply_blocked(const std::uint8_t* mask, float scale, int channels, int block, std::int64_t pixels, const float* in,
                   float* out) {
  int padded = (channels + block - 1) / block * block;
  for (int c = 0; c < padded; c += 8) {
    const float* from = in + c / block * block * pixels + c % block;
    float* to = out + (from - in);
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      static const std::uint8_t none = 0;
      apply_byte(c < channels ? mask + (pixel * channels + c) / 8 : &none, scale, from + pixel * block,
                 to + pixel * block);
    }
  }
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn::cpu {
namespace {

constexpr std::int64_t kWidestVector = 64;  // lanes of 32 bits that any instruction set has

HWY_EXPORT(make_mask);
HWY_EXPORT(apply_run);
HWY_EXPORT(apply_blocked);

}  // namespace

std::size_t dropout_mask_bytes(std::int64_t elements) {
  std::int64_t blocks = (elements + kDropoutLanes - 1) / kDropoutLanes;
  return static_cast<std::size_t>((blocks + kWidestVector - 1) / kWidestVector * kWidestVector);
}

void make_dropout_mask(const MaskKey& key, double rate, std::int64_t elements, std::uint8_t* mask) {
  auto purpose = static_cast<std::uint32_t>(base::Purpose::dropout) | (static_cast<std::uint32_t>(key.layer) << 8);
  HWY_DYNAMIC_DISPATCH(make_mask)
  (purpose, key.epoch, key.sample, key.seed, dropout_threshold(rate), (elements + kDropoutLanes - 1) / kDropoutLanes,
   mask);
}

void apply_mask(const std::uint8_t* mask, float scale, const float* in, float* out, std::size_t n) {
  HWY_DYNAMIC_DISPATCH(apply_run)(mask, scale, in, out, n);
}

void apply_mask_blocked(const std::uint8_t* mask, float scale, int channels, int block, std::int64_t pixels,
                        const float* in, float* out) {
  HWY_DYNAMIC_DISPATCH(apply_blocked)(mask, scale, channels, block, pixels, in, out);
}

}  // namespace agewise::nn::cpu
#endif
