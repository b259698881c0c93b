// bfloat16: the first 16 bits of a float. It has a float's range and 8 significant bits: rounding changes a number by
// at most 1/256 of itself.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace agewise::base {

struct Bfloat16 {
  std::uint16_t bits = 0;
};

inline float to_float(Bfloat16 value) { return std::bit_cast<float>(std::uint32_t{value.bits} << 16); }

// The nearest, of two equally near the even one; what is not a number stays so.
inline Bfloat16 to_bfloat16(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  std::uint32_t rounded = std::isnan(value) ? bits | 0x400000 : bits + 0x7FFF + ((bits >> 16) & 1);
  return {static_cast<std::uint16_t>(rounded >> 16)};
}

inline Bfloat16 sum_of(Bfloat16 a, Bfloat16 b) { return to_bfloat16(to_float(a) + to_float(b)); }

}  // namespace agewise::base
