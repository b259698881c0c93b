#include "agewise/nn/cpu/kernels/thin_kernels.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/thin_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using DU = hn::RebindToUnsigned<D>;
using DByte = hn::Rebind<std::uint8_t, D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
constexpr int kElementsAtOnce = 9;  // accumulators, which leaves registers for all else

int lanes() { return kLanes; }

// A run of element products is added up in floats over so many rows, then in doubles.
constexpr int kRowsInFloats = 8;

// sums[i] += Σ first · element[i] over the rows; first null: Σ element[i].
HWY_INLINE void add_products_of_rows(const ThinShape& shape, const float* first, const float* const* kernel_elements,
                                     int rows, double* sums, int count) {
  const D d;
  V sum[kElementsAtOnce];
  for (V& each : sum) each = hn::Zero(d);
  for (int y = 0; y < rows; ++y) {
    std::ptrdiff_t row = std::ptrdiff_t{y} * shape.row_step();
    for (int x = 0; x < shape.out.width; x += kLanes) {
      // Lanes past the row's end multiply by 0.
      auto inside = hn::FirstN(d, static_cast<std::size_t>(shape.out.width - x));
      V factor = hn::IfThenElseZero(inside, first == nullptr ? hn::Set(d, 1.0F) : hn::LoadU(d, first + row + x));
      for (int i = 0; i < kElementsAtOnce; ++i)
        sum[i] = hn::MulAdd(factor, hn::LoadU(d, kernel_elements[i] + row + x), sum[i]);
    }
  }
  for (int i = 0; i < count; ++i) sums[i] += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum[i])));
}

void tap_products(const ThinShape& shape, const std::int32_t* offsets, const float* patches, double* sums) {
  int kernel_elements = shape.kernel_elements();
  for (int y = 0; y < shape.out.height; y += kRowsInFloats) {
    int rows = std::min(kRowsInFloats, shape.out.height - y);
    const float* here = patches + std::ptrdiff_t{y} * shape.row_step();
    for (int j = 0; j <= kernel_elements; ++j) {
      for (int k = j < kernel_elements ? j : 0; k < kernel_elements; k += kElementsAtOnce) {
        const float* columns[kElementsAtOnce];
        for (int i = 0; i < kElementsAtOnce; ++i) columns[i] = here + offsets[std::min(k + i, kernel_elements - 1)];
        add_products_of_rows(shape, j < kernel_elements ? here + offsets[j] : nullptr, columns, rows,
                             sums + std::ptrdiff_t{j} * kernel_elements + k,
                             std::min(kElementsAtOnce, kernel_elements - k));
      }
    }
  }
  // The products are symmetric.
  for (int j = 0; j < kernel_elements; ++j) {
    for (int k = 0; k < j; ++k) sums[j * kernel_elements + k] = sums[k * kernel_elements + j];
  }
}

// Every stride-th of `pixels` less the pilot, from the one at `first` on.
HWY_INLINE void take_columns(const float* pixels, int first, int stride, int count, float pilot, float* to) {
  const D d;
  const V less = hn::Set(d, pilot);
  int i = 0;
  if (stride == 1) {
    for (; i + kLanes <= count; i += kLanes) hn::StoreU(hn::Sub(hn::LoadU(d, pixels + first + i), less), d, to + i);
  } else if (stride == 2) {
    // The last vector's odd half may lie behind the last pixel: that one is left to the loop below.
    for (; i + kLanes < count; i += kLanes) {
      V even, odd;
      hn::LoadInterleaved2(d, pixels + first + 2 * i, even, odd);
      hn::StoreU(hn::Sub(even, less), d, to + i);
    }
  }
  for (; i < count; ++i) to[i] = pixels[first + i * stride] - pilot;
}

void patches_of_rows(const ThinShape& shape, const float* pixels, const float* pilot, Rows rows, float* patches) {
  const D d;
  const int columns = shape.columns(), stride = shape.stride, left = shape.pad.left;
  for (int c = 0; c < shape.in.channels; ++c) {
    for (int y = rows.begin; y < std::min(rows.end, shape.padded_height()); ++y) {
      float* row = patches + std::ptrdiff_t{c * shape.padded_height() + y} * stride * columns;
      for (int x = 0; x < stride * columns; x += kLanes) hn::StoreU(hn::Set(d, -pilot[c]), d, row + x);
      int line = y - shape.pad.top;
      if (line < 0 || line >= shape.in.height) continue;
      const float* from = pixels + (std::ptrdiff_t{c} * shape.in.height + line) * shape.in.width;
      for (int remainder = 0; remainder < stride; ++remainder) {
        // Padded columns remainder, remainder + stride, …; the first of them that is a pixel.
        int begin = (std::max(0, left - remainder) + stride - 1) / stride, first = begin * stride + remainder - left;
        int count = (shape.in.width - first + stride - 1) / stride;
        take_columns(from, first, stride, count, pilot[c], row + std::ptrdiff_t{remainder} * columns + begin);
      }
    }
  }
}

// The four outputs of kWindows neighbouring windows, of kBlocks blocks of channels: a pixel that was loaded serves all
// blocks. sums[block][4 · window + place in window].
template <int kBlocks, int kWindows>
HWY_INLINE void convolve_windows(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                                 const float* weights, const float* bias, V (&sums)[kBlocks][4 * kWindows]) {
  const D d;
  for (int b = 0; b < kBlocks; ++b)
    for (V& sum : sums[b]) sum = hn::LoadU(d, bias + b * kLanes);
  const std::int32_t below = shape.row_step();
  const std::ptrdiff_t block_step = std::ptrdiff_t{shape.kernel_elements()} * kLanes;
  for (int t = 0; t < shape.kernel_elements(); ++t) {
    const float* element = patches + offsets[t];
    V weight[kBlocks];
    for (int b = 0; b < kBlocks; ++b) weight[b] = hn::LoadU(d, weights + b * block_step + std::ptrdiff_t{t} * kLanes);
    for (int i = 0; i < 4 * kWindows; ++i) {
      V pixel = hn::Set(d, element[(i & 2 ? below : 0) + 2 * (i / 4) + (i & 1)]);
      for (int b = 0; b < kBlocks; ++b) sums[b][i] = hn::MulAdd(weight[b], pixel, sums[b][i]);
    }
  }
}

// The first of equal maxima wins.
HWY_INLINE void store_window(const V* sums, std::int64_t place, const std::uint8_t* kept, const PooledOutput& output) {
  const D d;
  const DU du;
  V best = sums[0];
  auto winner = hn::Zero(du);
  for (std::uint32_t i = 1; i < 4; ++i) {
    auto larger = hn::Gt(sums[i], best);
    best = hn::IfThenElse(larger, sums[i], best);
    winner = hn::IfThenElse(hn::RebindMask(du, larger), hn::Set(du, i), winner);
  }
  auto alive = hn::Gt(best, hn::Zero(d));
  if (kept != nullptr) {
    alive = hn::And(alive, hn::LoadMaskBits(d, kept));
    best = hn::Mul(best, hn::Set(d, output.scale));
  }
  hn::StoreU(hn::IfThenElseZero(alive, best), d, output.values + place);
  if (output.winners == nullptr) return;
  winner = hn::IfThenElse(hn::RebindMask(du, alive), winner, hn::Set(du, kNoWinner));
  hn::StoreU(hn::TruncateTo(DByte(), winner), DByte(), output.winners + place);
}

// Channels `first` … first + kBlocks · kLanes.
template <int kBlocks>
HWY_INLINE void pooled_blocks(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                              const float* weights, const float* bias, Rows rows, int first,
                              const PooledOutput& output) {
  const int width = shape.out.width / 2, channels = shape.out.channels;
  const float* block_weights = weights + std::ptrdiff_t{first} * shape.kernel_elements();
  for (int y = rows.begin; y < rows.end; ++y) {
    const float* row = patches + std::ptrdiff_t{2} * y * shape.row_step();
    std::int64_t pixel = std::int64_t{y} * width;
    auto store = [&](const V* sums, int block, std::int64_t at) HWY_ATTR {
      int c = first + block * kLanes;
      const std::uint8_t* kept = output.mask == nullptr ? nullptr : output.mask + (at * channels + c) / 8;
      store_window(sums, c / kLanes * output.block_step + at * output.pixel_step, kept, output);
    };
    int x = 0;
    for (; x + 2 <= width; x += 2) {
      V sums[kBlocks][8];
      convolve_windows<kBlocks, 2>(shape, offsets, row + 2 * x, block_weights, bias + first, sums);
      for (int b = 0; b < kBlocks; ++b) {
        store(sums[b], b, pixel + x);
        store(sums[b] + 4, b, pixel + x + 1);
      }
    }
    if (x < width) {
      V sums[kBlocks][4];
      convolve_windows<kBlocks, 1>(shape, offsets, row + 2 * x, block_weights, bias + first, sums);
      for (int b = 0; b < kBlocks; ++b) store(sums[b], b, pixel + x);
    }
  }
}

void pooled_forward(const ThinShape& shape, const std::int32_t* offsets, const float* patches, const float* weights,
                    const float* bias, Rows rows, const PooledOutput& output) {
  constexpr int kBlocks = kLanes == 16 ? 2 : 1;  // AVX-512 has twice as many registers
  int c = 0;
  for (; c + kBlocks * kLanes <= shape.out.channels; c += kBlocks * kLanes)
    pooled_blocks<kBlocks>(shape, offsets, patches, weights, bias, rows, c, output);
  for (; c < shape.out.channels; c += kLanes) pooled_blocks<1>(shape, offsets, patches, weights, bias, rows, c, output);
}

// Accumulates kElementsAtOnce elements' sums, and those of the gradient itself, over the outputs that next() hands out.
struct ElementSums {
  V kernel_elements[kElementsAtOnce];
  V gradient;

  HWY_INLINE ElementSums() {
    for (V& sum : kernel_elements) sum = hn::Zero(D());
    gradient = hn::Zero(D());
  }
  HWY_INLINE void add(V g, const float* const* element, std::ptrdiff_t at) {
    for (int i = 0; i < kElementsAtOnce; ++i)
      kernel_elements[i] = hn::MulAdd(g, hn::Set(D(), element[i][at]), kernel_elements[i]);
  }
  HWY_INLINE void store(float* weight_sums, int count, float* bias_sums) const {
    const D d;
    for (int i = 0; i < count; ++i) {
      float* to = weight_sums + std::ptrdiff_t{i} * kLanes;
      hn::StoreU(hn::Add(hn::LoadU(d, to), kernel_elements[i]), d, to);
    }
    if (bias_sums != nullptr) hn::StoreU(hn::Add(hn::LoadU(d, bias_sums), gradient), d, bias_sums);
  }
};

// body(channel block, elements' places, sums) for each block of channels and each kElementsAtOnce of the kernel
// elements.
template <class Body>
HWY_INLINE void for_each_tap_block(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                                   float* weight_sums, float* bias_sums, Body body) {
  int kernel_elements = shape.kernel_elements();
  for (int c = 0; c < shape.out.channels; c += kLanes) {
    for (int t = 0; t < kernel_elements; t += kElementsAtOnce) {
      const float* places[kElementsAtOnce];
      for (int i = 0; i < kElementsAtOnce; ++i) places[i] = patches + offsets[std::min(t + i, kernel_elements - 1)];
      ElementSums sums;
      body(c, places, sums);
      sums.store(weight_sums + std::ptrdiff_t{c} * kernel_elements + std::ptrdiff_t{t} * kLanes,
                 std::min(kElementsAtOnce, kernel_elements - t), t == 0 ? bias_sums + c : nullptr);
    }
  }
}

void pooled_backward(const ThinShape& shape, const std::int32_t* offsets, const float* patches, const float* gradient,
                     const std::uint8_t* winners, float* weight_sums, float* bias_sums) {
  const D d;
  const DU du;
  const int height = shape.out.height / 2, width = shape.out.width / 2;
  for_each_tap_block(shape, offsets, patches, weight_sums, bias_sums,
                     [&](int c, const float* const* kernel_elements, ElementSums& sums) HWY_ATTR {
                       for (int y = 0; y < height; ++y) {
                         std::ptrdiff_t row = std::ptrdiff_t{2} * y * shape.row_step();
                         std::ptrdiff_t place = (std::ptrdiff_t{c} * height + std::ptrdiff_t{y} * kLanes) * width;
                         for (int x = 0; x < width; ++x, place += kLanes) {
                           V g = hn::LoadU(d, gradient + place);
                           auto winner = hn::PromoteTo(du, hn::LoadU(DByte(), winners + place));
                           auto won = [&](std::uint32_t i) HWY_ATTR {
                             return hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(winner, hn::Set(du, i))), g);
                           };
                           std::ptrdiff_t at = row + std::ptrdiff_t{2} * x;
                           V g0 = won(0), g1 = won(1), g2 = won(2), g3 = won(3);
                           sums.add(g0, kernel_elements, at);
                           sums.add(g1, kernel_elements, at + 1);
                           sums.add(g2, kernel_elements, at + shape.row_step());
                           sums.add(g3, kernel_elements, at + shape.row_step() + 1);
                           sums.gradient = hn::Add(sums.gradient, hn::Add(hn::Add(g0, g1), hn::Add(g2, g3)));
                         }
                       }
                     });
}

void dense_backward(const ThinShape& shape, const std::int32_t* offsets, const float* patches, const float* gradient,
                    float* weight_sums, float* bias_sums) {
  const D d;
  for_each_tap_block(shape, offsets, patches, weight_sums, bias_sums,
                     [&](int c, const float* const* kernel_elements, ElementSums& sums) HWY_ATTR {
                       const float* from = gradient + std::ptrdiff_t{c} * shape.out.height * shape.out.width;
                       for (int y = 0; y < shape.out.height; ++y) {
                         std::ptrdiff_t row = std::ptrdiff_t{y} * shape.row_step();
                         for (int x = 0; x < shape.out.width; ++x, from += kLanes) {
                           V g = hn::LoadU(d, from);
                           sums.add(g, kernel_elements, row + x);
                           sums.gradient = hn::Add(sums.gradient, g);
                         }
                       }
                     });
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn::cpu {
namespace {

constexpr int kWidestVector = 16;

HWY_EXPORT(lanes);
HWY_EXPORT(patches_of_rows);
HWY_EXPORT(tap_products);
HWY_EXPORT(pooled_forward);
HWY_EXPORT(pooled_backward);
HWY_EXPORT(dense_backward);

}  // namespace

int vector_floats() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

int ThinShape::columns() const {
  int whole = (padded_width() + stride - 1) / stride + kWidestVector;
  return (whole + kWidestVector - 1) / kWidestVector * kWidestVector;
}

std::size_t ThinShape::patch_floats() const {
  return static_cast<std::size_t>(in.channels) * static_cast<std::size_t>(padded_height() * stride * columns());
}

std::vector<std::int32_t> ThinShape::tap_offsets() const {
  std::vector<std::int32_t> offsets;
  for (int y = 0; y < kernel_height; ++y) {
    for (int x = 0; x < kernel_width; ++x) {
      for (int c = 0; c < in.channels; ++c)
        offsets.push_back(((c * padded_height() + y) * stride + x % stride) * columns() + x / stride);
    }
  }
  return offsets;
}

void make_patches(const ThinShape& shape, const float* pixels, const float* pilot, Rows rows, float* patches) {
  HWY_DYNAMIC_DISPATCH(patches_of_rows)(shape, pixels, pilot, rows, patches);
}

Rows padded_rows(const ThinShape& shape, Rows pooled) {
  return {2 * pooled.begin * shape.stride, (2 * pooled.end - 1) * shape.stride + shape.kernel_height};
}

void add_tap_products(const ThinShape& shape, const std::int32_t* offsets, const float* patches, double* sums) {
  HWY_DYNAMIC_DISPATCH(tap_products)(shape, offsets, patches, sums);
}
void thin_pooled_forward(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                         const float* weights, const float* bias, Rows rows, const PooledOutput& output) {
  HWY_DYNAMIC_DISPATCH(pooled_forward)(shape, offsets, patches, weights, bias, rows, output);
}
void thin_pooled_backward(const ThinShape& shape, const std::int32_t* offsets, const float* patches,
                          const float* gradient, const std::uint8_t* winners, float* weight_sums, float* bias_sums) {
  HWY_DYNAMIC_DISPATCH(pooled_backward)(shape, offsets, patches, gradient, winners, weight_sums, bias_sums);
}
void thin_backward(const ThinShape& shape, const std::int32_t* offsets, const float* patches, const float* gradient,
                   float* weight_sums, float* bias_sums) {
  HWY_DYNAMIC_DISPATCH(dense_backward)(shape, offsets, patches, gradient, weight_sums, bias_sums);
}

}  // namespace agewise::nn::cpu
#endif
