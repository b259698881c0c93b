// The inner loop of resizing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace agewise::image {

inline constexpr int kOneBits = 14;
inline constexpr std::int32_t kOne = 1 << kOneBits;  // a weight of one

// out[x] = the sum over k of weights[k] · rows[k · size + x], divided by kOne and rounded; `size` values a row. The
// weights are not negative and sum to kOne.
void sum_rows(const std::uint8_t* rows, std::size_t size, std::span<const std::int32_t> weights, std::uint8_t* out);

}  // namespace agewise::image
