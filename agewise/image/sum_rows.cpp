#include "agewise/image/sum_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/image/sum_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::image::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
constexpr std::int32_t kHalf = kOne / 2;

// `vectors` vectors of results, from x on.
template <std::size_t vectors>
HWY_INLINE void sum_columns(const std::uint8_t* rows, std::size_t size, std::span<const std::int32_t> weights,
                            std::size_t x, std::uint8_t* out) {
  const hn::ScalableTag<std::int32_t> wide;
  const hn::Rebind<std::uint8_t, decltype(wide)> narrow;
  hn::Vec<decltype(wide)> sums[vectors];
  for (std::size_t v = 0; v < vectors; ++v) sums[v] = hn::Set(wide, kHalf);
  const std::uint8_t* row = rows + x;
  for (std::int32_t weight : weights) {
    const auto many_weights = hn::Set(wide, weight);
    for (std::size_t v = 0; v < vectors; ++v) {
      const auto pixels = hn::PromoteTo(wide, hn::LoadU(narrow, row + v * hn::Lanes(wide)));
      sums[v] = hn::Add(sums[v], hn::Mul(pixels, many_weights));
    }
    row += size;
  }
  for (std::size_t v = 0; v < vectors; ++v)
    hn::StoreU(hn::DemoteTo(narrow, hn::ShiftRight<kOneBits>(sums[v])), narrow, out + x + v * hn::Lanes(wide));
}

void sum_rows(const std::uint8_t* rows, std::size_t size, std::span<const std::int32_t> weights, std::uint8_t* out) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<std::int32_t>());
  std::size_t x = 0;
  for (; x + 4 * lanes <= size; x += 4 * lanes) sum_columns<4>(rows, size, weights, x, out);
  for (; x + lanes <= size; x += lanes) sum_columns<1>(rows, size, weights, x, out);
  for (; x < size; ++x) {
    std::int32_t sum = kHalf;
    for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * rows[k * size + x];
    out[x] = static_cast<std::uint8_t>(sum >> kOneBits);
  }
}

}  // namespace
}  // namespace agewise::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::image {

HWY_EXPORT(sum_rows);

void sum_rows(const std::uint8_t* rows, std::size_t size, std::span<const std::int32_t> weights, std::uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(sum_rows)(rows, size, weights, out);
}

}  // namespace agewise::image
#endif
