// IEEE 754 half precision: 1 sign, 5 exponent (bias 15), 10 fraction bits.
#pragma once
#include <cstdint>

namespace agewise {

float from_half(std::uint16_t half);  // exact

}  // namespace agewise
