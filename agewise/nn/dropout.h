// Which elements a dropout layer drops: a function of (seed, layer, epoch, sample, element) that every engine computes
// alike, whatever its threads, batch and memory layout.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "agewise/base/random.h"

namespace agewise::nn {

// One Philox block decides eight elements with consecutive numbers, 16 bits each; an element's number is
// (y · width + x) · channels + channel, so that a run of channels (the innermost axis of blocked layouts) shares
// blocks.
inline constexpr int kDropoutLanes = 8;

inline std::array<std::uint32_t, 4> dropout_block(std::uint64_t seed, int layer, std::uint32_t epoch,
                                                  std::uint32_t sample, std::uint32_t block) {
  auto purpose = static_cast<std::uint32_t>(base::Purpose::dropout) | (static_cast<std::uint32_t>(layer) << 8);
  return base::philox({block, purpose, epoch, sample},
                      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

// An element is dropped if its 16 bits are below this: the rate, from 0 up to but not including 1, to the nearest
// 1/65536. Below 65536, so that something stays.
inline std::uint32_t dropout_threshold(double rate) {
  return std::min(65535U, static_cast<std::uint32_t>(std::lround(rate * 65536)));
}

// What the elements that stay are multiplied by: one over the share that stays, by the threshold really used.
inline float dropout_scale(double rate) { return static_cast<float>(65536.0 / (65536.0 - dropout_threshold(rate))); }

// The eight decisions of a block: lane i is the low half of word i/2 if i is even, else the high half.
inline bool is_dropped(const std::array<std::uint32_t, 4>& block, int lane, std::uint32_t threshold) {
  return ((block[static_cast<std::size_t>(lane) / 2] >> (16 * (lane & 1))) & 0xFFFF) < threshold;
}

}  // namespace agewise::nn
