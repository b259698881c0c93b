#include "agewise/weights/half.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace agewise::weights {

float from_half(std::uint16_t half) {
  std::uint32_t sign = (half & 0x8000U) << 16, exponent = (half >> 10) & 0x1FU, fraction = half & 0x3FFU;
  if (exponent == 0) {  // zero or subnormal: fraction · 2⁻²⁴
    float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  std::uint32_t wide = exponent == 31 ? 255 : exponent - 15 + 127;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

float rounded_to_half(float value) {
  if (!std::isfinite(value) || value == 0) return value;
  int exponent = std::max(std::ilogb(value), -14);
  float step = std::ldexp(1.0F, exponent - 10);  // of half precision's 11 bits there
  float rounded = std::nearbyint(value / step) * step;
  return std::abs(rounded) > 65504 ? std::copysign(INFINITY, value) : rounded;
}

std::uint16_t to_half(float value) {
  value = rounded_to_half(value);
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
  if (std::isnan(value)) return sign | 0x7E00U;
  if (std::isinf(value)) return sign | 0x7C00U;
  float size = std::abs(value);
  if (size < 0x1p-14F) return sign | static_cast<std::uint16_t>(size * 0x1p24F);  // multiples of 2⁻²⁴
  return sign | static_cast<std::uint16_t>(((bits & 0x7FFFFFFFU) - (112U << 23)) >> 13);
}

}  // namespace agewise::weights
