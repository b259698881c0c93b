#include "agewise/nn/cpu/kernels/half_product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/nn/golden.h"

namespace agewise::nn::cpu {
namespace {

struct Half {
  Half(std::int64_t rows, std::int64_t columns, const std::vector<float>& weights)
      : values(static_cast<std::size_t>(rows * columns)), scales(static_cast<std::size_t>(rows)) {
    matrix = {rows, columns, values.data(), scales.data()};
    for (std::int64_t r = 0; r < rows; ++r) set_half_row(matrix, r, weights.data() + r * columns);
  }
  std::vector<std::uint16_t> values;
  std::vector<float> scales;
  HalfMatrix matrix;
};

// Numbers of 11 bits are exact in half precision, and their sums in floats.
TEST(HalfProduct, is_exact_where_half_precision_is) {
  const std::vector<float> weights{1, -2, 3, 0, 0.5F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2047,
                                   0, 0,  0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1024};
  Half half(2, 16, weights);
  std::vector<float> x(16, 1.0F), y(2), bias{10, 20};
  x[4] = 4;
  half_product(half.matrix, nullptr, x.data(), 1, false, y.data());
  EXPECT_EQ(y, (std::vector<float>{2051, -1024}));  // 1 - 2 + 3 + 0.5 · 4 + 2047
  half_product(half.matrix, bias.data(), x.data(), 1, true, y.data());
  EXPECT_EQ(y, (std::vector<float>{2061, 0}));  // -1004 is below 0
}

// Rows of any size: half precision alone ends at 65504 and has but 6e-8 as its smallest step.
TEST(HalfProduct, keeps_large_and_small_rows) {
  std::vector<float> weights(32, 1e-12F);
  std::fill_n(weights.begin(), 16, 1e12F);
  Half half(2, 16, weights);
  std::vector<float> x(16, 1.0F), y(2);
  half_product(half.matrix, nullptr, x.data(), 1, false, y.data());
  EXPECT_NEAR(y[0] / 16e12F, 1, 5e-4);
  EXPECT_NEAR(y[1] / 16e-12F, 1, 5e-4);
}

// Every row and vector count has its own way through the kernels; several runs of columns.
TEST(HalfProduct, agrees_with_doubles_for_every_number_of_rows_and_vectors) {
  const std::int64_t columns = 2 * kHalfRun + 48;
  for (std::int64_t rows : {1, 7, 33, 70}) {
    for (std::int64_t batch : {1, 2, 3, 4, 7, 9}) {
      std::vector<float> weights = golden_numbers(1, static_cast<std::size_t>(rows * columns)),
                         x = golden_numbers(2, static_cast<std::size_t>(batch * columns)),
                         bias = golden_numbers(3, static_cast<std::size_t>(rows)),
                         y(static_cast<std::size_t>(rows * batch));
      Half half(rows, columns, weights);
      half_product(half.matrix, bias.data(), x.data(), batch, false, y.data());
      double largest = 0, worst = 0;
      for (std::int64_t b = 0; b < batch; ++b) {
        for (std::int64_t r = 0; r < rows; ++r) {
          double sum = bias[static_cast<std::size_t>(r)];
          for (std::int64_t c = 0; c < columns; ++c)
            sum += double{weights[static_cast<std::size_t>(r * columns + c)]} *
                   x[static_cast<std::size_t>(b * columns + c)];
          largest = std::max(largest, std::abs(sum));
          worst = std::max(worst, std::abs(sum - y[static_cast<std::size_t>(b * rows + r)]));
        }
      }
      EXPECT_LT(worst, 1e-3 * largest) << rows << " rows, " << batch << " vectors";
    }
  }
}

}  // namespace
}  // namespace agewise::nn::cpu
