// nn/dropout.h's decisions, vectorised, as bits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "agewise/nn/cpu/step.h"

namespace agewise::nn::cpu {

// Bytes of one sample's mask: a bit an element in the order of nn/dropout.h ((y · width + x) · channels + channel),
// the lowest bit first, set where the element stays. Rounded up to whole vectors.
std::size_t dropout_mask_bytes(std::int64_t elements);

// Writes the mask of row `row` of the batch. On the calling thread.
void make_dropout_mask(const Pass& pass, int layer, std::size_t row, double rate, std::int64_t elements,
                       std::uint8_t* mask);

// out = in · scale where the bit is set, else 0, over n floats in the mask's own order; out may be in.
void apply_mask(const std::uint8_t* mask, float scale, const float* in, float* out, std::size_t n);

// The same for one sample in blocks of `block` channels; channels is a multiple of 8.
void apply_mask_blocked(const std::uint8_t* mask, float scale, int channels, int block, std::int64_t pixels,
                        const float* in, float* out);

}  // namespace agewise::nn::cpu
