// nn/dropout.h's decisions, vectorised, as bits.
#pragma once
#include <cstddef>
#include <cstdint>

namespace agewise::nn::cpu {

// Bytes of one sample's mask: a bit an element in the order of nn/dropout.h ((y · width + x) · channels + channel),
// the lowest bit first, set where the element stays. Rounded up to whole vectors.
std::size_t dropout_mask_bytes(std::int64_t elements);

// What decides which elements of a sample are dropped, as nn/dropout.h has it.
struct MaskKey {
  std::uint64_t seed;
  int layer;
  std::uint32_t epoch, sample;
};

// Writes a sample's mask. On the calling thread.
void make_dropout_mask(const MaskKey& key, double rate, std::int64_t elements, std::uint8_t* mask);

// out = in · scale where the bit is set, else 0, over n floats in the mask's own order; out may be in.
void apply_mask(const std::uint8_t* mask, float scale, const float* in, float* out, std::size_t n);

// The same for one sample in blocks of `block` channels; channels is a multiple of 8.
void apply_mask_blocked(const std::uint8_t* mask, float scale, int channels, int block, std::int64_t pixels,
                        const float* in, float* out);

}  // namespace agewise::nn::cpu
