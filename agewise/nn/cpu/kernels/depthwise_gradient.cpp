#include "agewise/nn/cpu/kernels/depthwise_gradient.h"

#include <algorithm>
#include <vector>

#include "agewise/nn/cpu/kernels/parallel.h"

namespace agewise::nn::cpu {
namespace {

// Where a block of channels of one picture begins.
const float* block_of(const float* all, const Shape& shape, int block, std::int64_t n, std::int64_t b) {
  std::int64_t blocks = (shape.channels + block - 1) / block;
  return all + (n * blocks + b) * shape.height * shape.width * block;
}

// Adds to sums[k] the products of one row of the output's gradient with the row of the input that lies `kx` to the
// right.
template <int kBlock>
void add_row(const DepthwiseShape& s, int kx, const float* in, const float* gradient, float* sums) {
  int shift = kx - s.pad.left;
  int first = shift < 0 ? (-shift + s.stride - 1) / s.stride : 0;
  int end = std::min(s.out.width, shift < s.in.width ? (s.in.width - 1 - shift) / s.stride + 1 : 0);
  float own[kBlock];
  std::copy_n(sums, kBlock, own);
  for (int x = first; x < end; ++x) {
    const float* from = in + (x * s.stride + shift) * kBlock;
    const float* by = gradient + x * kBlock;
    for (int k = 0; k < kBlock; ++k) own[k] += from[k] * by[k];
  }
  std::copy_n(own, kBlock, sums);
}

template <int kBlock>
void add_picture(const DepthwiseShape& s, const float* in, const float* gradient, std::vector<float>& sums) {
  for (int y = 0; y < s.out.height; ++y) {
    for (int ky = 0; ky < s.kernel_height; ++ky) {
      int row = y * s.stride - s.pad.top + ky;
      if (row < 0 || row >= s.in.height) continue;
      for (int kx = 0; kx < s.kernel_width; ++kx) {
        add_row<kBlock>(s, kx, in + row * s.in.width * kBlock, gradient + y * s.out.width * kBlock,
                        sums.data() + (ky * s.kernel_width + kx) * kBlock);
      }
    }
  }
}

void sum_block(const DepthwiseShape& s, std::int64_t b, const float* in, const float* gradient, float* to_weight,
               float* to_bias) {
  std::int64_t kernel_elements = std::int64_t{s.kernel_height} * s.kernel_width, first = b * s.block;
  std::vector<float> sums(static_cast<std::size_t>(kernel_elements * s.block));
  std::vector<double> all(sums.size()), bias(static_cast<std::size_t>(s.block));
  for (std::int64_t n = 0; n < s.batch; ++n) {
    const float *from = block_of(in, s.in, s.block, n, b), *by = block_of(gradient, s.out, s.block, n, b);
    std::fill(sums.begin(), sums.end(), 0.0F);
    s.block == 16 ? add_picture<16>(s, from, by, sums) : add_picture<8>(s, from, by, sums);
    for (std::size_t i = 0; i < sums.size(); ++i) all[i] += sums[i];
    for (std::int64_t i = 0; to_bias != nullptr && i < std::int64_t{s.out.height} * s.out.width * s.block; ++i)
      bias[static_cast<std::size_t>(i % s.block)] += by[i];
  }
  for (std::int64_t k = 0; k < std::min<std::int64_t>(s.block, s.in.channels - first); ++k) {
    for (std::int64_t element = 0; element < kernel_elements; ++element)
      to_weight[(first + k) * kernel_elements + element] =
          static_cast<float>(all[static_cast<std::size_t>(element * s.block + k)]);
    if (to_bias != nullptr) to_bias[first + k] = static_cast<float>(bias[static_cast<std::size_t>(k)]);
  }
}

}  // namespace

void depthwise_weight_gradient(const DepthwiseShape& shape, const float* in, const float* out_gradient,
                               float* to_weight, float* to_bias) {
  std::int64_t blocks = (shape.in.channels + shape.block - 1) / shape.block;
  parallel(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t b = begin; b < end; ++b) sum_block(shape, b, in, out_gradient, to_weight, to_bias);
  });
}

}  // namespace agewise::nn::cpu
