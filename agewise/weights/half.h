// IEEE 754 half precision: 1 sign, 5 exponent (bias 15), 10 fraction bits.
#pragma once
#include <cstdint>

namespace agewise::weights {

float from_half(std::uint16_t half);  // exact

// The nearest number that half precision has, ties to the even one; what is beyond 65504 becomes infinite.
float rounded_to_half(float value);
std::uint16_t to_half(float value);  // its bits

}  // namespace agewise::weights
