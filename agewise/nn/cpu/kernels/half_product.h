// A matrix times a few vectors, the matrix in half precision: for small batches a fully connected layer is bound by
// reading its weights, and these are half as many bytes. Arithmetic is in float. Each weight is rounded to 11 bits, a
// relative error of at most 2⁻¹¹ = 4.9e-4 that averages out over a sum: outputs agree with those of float weights to
// about 3e-4 of their own size (tests/nn/half_product_test.cpp).
#pragma once
#include <cstddef>
#include <cstdint>

namespace agewise::nn::cpu {

// rows × columns, in runs of kHalfRun columns: [run][row][column in run], so that all of a run's rows are read in one
// go while the vectors' part stays in the caches (8 KB a vector). Each row is scaled by a power of two to below 1 … 2,
// so that half precision's small range does not matter.
struct HalfMatrix {
  std::int64_t rows, columns;
  std::uint16_t* values;  // rows · columns
  float* scales;          // one a row
};

constexpr std::int64_t kHalfRun = 2048;

// Columns must be a multiple of 16.
bool fits_half(std::int64_t rows, std::int64_t columns);

// Row `row` from `columns` floats, all finite.
void set_half_row(const HalfMatrix& matrix, std::int64_t row, const float* row_values);

// y[b][row] = Σ matrix[row][c] · x[b][c] + bias[row], below 0 made 0 if `relu`; bias may be null. On all threads; the
// same bits whatever their number.
void half_product(const HalfMatrix& matrix, const float* bias, const float* x, std::int64_t batch, bool relu, float* y);

}  // namespace agewise::nn::cpu
