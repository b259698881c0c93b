#include "agewise/nn/cpu/kernels/half_product.h"

#include <algorithm>
#include <cmath>

#include "agewise/nn/cpu/kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/half_product.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using DHalf = hn::Rebind<hwy::float16_t, D>;
using V = hn::Vec<D>;

const hwy::float16_t* half(const std::uint16_t* values) { return reinterpret_cast<const hwy::float16_t*>(values); }

void to_half(const float* from, float scale, std::uint16_t* to, std::int64_t n) {
  const D d;
  const DHalf d_half;
  for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(hn::Lanes(d))) {
    auto scaled = hn::Mul(hn::LoadU(d, from + i), hn::Set(d, scale));
    hn::StoreU(hn::DemoteTo(d_half, scaled), d_half, reinterpret_cast<hwy::float16_t*>(to + i));
  }
}

// sums[b][r] += Σ weights[r][c] · x[b][c] over a run of `run` columns. Eight or so accumulators hide the latency of a
// multiply-add; with AVX2's 16 registers there is room for no more.
template <int kRows, int kBatch>
HWY_INLINE void add_run(const std::uint16_t* weights, const float* x, std::int64_t columns, std::int64_t run,
                        float* sums, std::int64_t rows) {
  const D d;
  const DHalf d_half;
  V sum[kRows][kBatch];
  for (auto& row : sum)
    for (V& each : row) each = hn::Zero(d);
  for (std::int64_t c = 0; c < run; c += static_cast<std::int64_t>(hn::Lanes(d))) {
    V values[kBatch];
    for (int b = 0; b < kBatch; ++b) values[b] = hn::LoadU(d, x + b * columns + c);
    for (int r = 0; r < kRows; ++r) {
      V weight = hn::PromoteTo(d, hn::LoadU(d_half, half(weights + r * run + c)));
      for (int b = 0; b < kBatch; ++b) sum[r][b] = hn::MulAdd(weight, values[b], sum[r][b]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int b = 0; b < kBatch; ++b) sums[b * rows + r] += hn::GetLane(hn::SumOfLanes(d, sum[r][b]));
}

template <int kRows, int kBatch>
void add_rows(const std::uint16_t* weights, const float* x, std::int64_t columns, std::int64_t run, float* sums,
              std::int64_t rows, std::int64_t begin, std::int64_t end) {
  std::int64_t r = begin;
  for (; r + kRows <= end; r += kRows) add_run<kRows, kBatch>(weights + r * run, x, columns, run, sums + r, rows);
  for (; r < end; ++r) add_run<1, kBatch>(weights + r * run, x, columns, run, sums + r, rows);
}

// Rows begin … end of one run, for all vectors.
void add_run_of_rows(const std::uint16_t* weights, const float* x, std::int64_t columns, std::int64_t run, float* sums,
                     std::int64_t rows, std::int64_t begin, std::int64_t end, std::int64_t batch) {
  std::int64_t b = 0;
  for (; b + 4 <= batch; b += 4)
    add_rows<2, 4>(weights, x + b * columns, columns, run, sums + b * rows, rows, begin, end);
  for (; b + 2 <= batch; b += 2)
    add_rows<4, 2>(weights, x + b * columns, columns, run, sums + b * rows, rows, begin, end);
  for (; b < batch; ++b) add_rows<8, 1>(weights, x + b * columns, columns, run, sums + b * rows, rows, begin, end);
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn::cpu {
namespace {

constexpr std::int64_t kRowsWorthAThread = 16;
constexpr std::int64_t kRowsAtOnce =
    32;  // of a run, 128 KB: read again for the next vectors from the second-level cache

HWY_EXPORT(to_half);
HWY_EXPORT(add_run_of_rows);

}  // namespace

bool fits_half(std::int64_t rows, std::int64_t columns) { return rows > 0 && columns % 16 == 0; }

void set_half_row(const HalfMatrix& matrix, std::int64_t row, const float* row_values) {
  float largest = 0;
  for (std::int64_t c = 0; c < matrix.columns; ++c) largest = std::max(largest, std::abs(row_values[c]));
  int exponent = largest > 0 ? std::ilogb(largest) : 0;
  matrix.scales[row] = std::ldexp(1.0F, exponent);
  for (std::int64_t begin = 0; begin < matrix.columns; begin += kHalfRun) {
    std::int64_t run = std::min(kHalfRun, matrix.columns - begin);
    HWY_DYNAMIC_DISPATCH(to_half)
    (row_values + begin, std::ldexp(1.0F, -exponent), matrix.values + begin * matrix.rows + row * run, run);
  }
}

void half_product(const HalfMatrix& matrix, const float* bias, const float* x, std::int64_t batch, bool relu,
                  float* y) {
  std::int64_t rows = matrix.rows, columns = matrix.columns;
  std::int64_t groups = (rows + kRowsWorthAThread - 1) / kRowsWorthAThread;
  parallel(groups, 1, [&](std::int64_t first, std::int64_t last, int) {
    std::int64_t row_begin = first * kRowsWorthAThread, row_end = std::min(last * kRowsWorthAThread, rows);
    for (std::int64_t b = 0; b < batch; ++b) std::fill(y + b * rows + row_begin, y + b * rows + row_end, 0.0F);
    for (std::int64_t begin = 0; begin < columns; begin += kHalfRun) {
      std::int64_t run = std::min(kHalfRun, columns - begin);
      for (std::int64_t r = row_begin; r < row_end; r += kRowsAtOnce) {
        HWY_DYNAMIC_DISPATCH(add_run_of_rows)
        (matrix.values + begin * rows, x + begin, columns, run, y, rows, r, std::min(r + kRowsAtOnce, row_end), batch);
      }
    }
    for (std::int64_t b = 0; b < batch; ++b) {
      for (std::int64_t r = row_begin; r < row_end; ++r) {
        float& value = y[b * rows + r];
        value = value * matrix.scales[r] + (bias != nullptr ? bias[r] : 0);
        if (relu) value = std::max(value, 0.0F);
      }
    }
  });
}

}  // namespace agewise::nn::cpu
#endif
