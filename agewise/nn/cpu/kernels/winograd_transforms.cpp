#include "agewise/nn/cpu/kernels/winograd_kernels.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/winograd_transforms.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));

// The points a, 1/a, with a = 1/√2: squares 1/2 and 2.
constexpr float kA = 0.70710678118654752F, kB = 1.4142135623730951F;

// Of polynomials of degree 2 and 3 (the kernel, or a tile of gradients) their values at the points over N, of degree 5
// (the input) the transposed interpolation: Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
// Convolution for Deep Neural Networks", ACM TOMS 2020. N = Π (q - other points): 1 at 0, 2a²(a² - b²) = -3/2 at ±a,
// 2b²(b² - a²) = 6 at ±b.
struct FromInput {
  static constexpr int kIn = 6, kOut = 6;
  HWY_INLINE static void apply(const V* d, V* v) {
    const D f;
    const V half = hn::Set(f, 0.5F), two = hn::Set(f, 2.0F), sum = hn::Set(f, 2.5F);
    v[0] = hn::NegMulAdd(sum, d[2], hn::Add(d[0], d[4]));
    V even = hn::NegMulAdd(two, d[2], d[4]), odd = hn::Mul(hn::Set(f, kA), hn::NegMulAdd(two, d[1], d[3]));
    v[1] = hn::Add(even, odd);
    v[2] = hn::Sub(even, odd);
    even = hn::NegMulAdd(half, d[2], d[4]);
    odd = hn::Mul(hn::Set(f, kB), hn::NegMulAdd(half, d[1], d[3]));
    v[3] = hn::Add(even, odd);
    v[4] = hn::Sub(even, odd);
    v[5] = hn::NegMulAdd(sum, d[3], hn::Add(d[1], d[5]));
  }
};

struct FromKernel {
  static constexpr int kIn = 3, kOut = 6;
  HWY_INLINE static void apply(const V* g, V* v) {
    const D f;
    v[0] = g[0];
    V even = hn::Mul(hn::Set(f, -1.0F / 3), hn::Add(hn::Add(g[0], g[0]), g[2])),
      odd = hn::Mul(hn::Set(f, -2 * kA / 3), g[1]);
    v[1] = hn::Add(even, odd);
    v[2] = hn::Sub(even, odd);
    even = hn::Mul(hn::Set(f, 1.0F / 6), hn::Add(g[0], hn::Add(g[2], g[2])));
    odd = hn::Mul(hn::Set(f, kB / 6), g[1]);
    v[3] = hn::Add(even, odd);
    v[4] = hn::Sub(even, odd);
    v[5] = g[2];
  }
};

struct FromGradient {
  static constexpr int kIn = 4, kOut = 6;
  HWY_INLINE static void apply(const V* g, V* v) {
    const D f;
    const V half = hn::Set(f, 0.5F), two = hn::Set(f, 2.0F);
    v[0] = g[0];
    V even = hn::Mul(hn::Set(f, -2.0F / 3), hn::MulAdd(half, g[2], g[0])),
      odd = hn::Mul(hn::Set(f, -2 * kA / 3), hn::MulAdd(half, g[3], g[1]));
    v[1] = hn::Add(even, odd);
    v[2] = hn::Sub(even, odd);
    even = hn::Mul(hn::Set(f, 1.0F / 6), hn::MulAdd(two, g[2], g[0]));
    odd = hn::Mul(hn::Set(f, kB / 6), hn::MulAdd(two, g[3], g[1]));
    v[3] = hn::Add(even, odd);
    v[4] = hn::Sub(even, odd);
    v[5] = g[3];
  }
};

// Σ over the points of value · pointⁱ for i = 0 … kOut-1; the point ∞ adds to the last.
template <int kOutputs>
struct ToOutput {
  static constexpr int kIn = 6, kOut = kOutputs;
  HWY_INLINE static void apply(const V* m, V* y) {
    const D f;
    V even_a = hn::Add(m[1], m[2]), odd_a = hn::Mul(hn::Set(f, kA), hn::Sub(m[1], m[2])), even_b = hn::Add(m[3], m[4]),
      odd_b = hn::Mul(hn::Set(f, kB), hn::Sub(m[3], m[4]));
    const V half = hn::Set(f, 0.5F), two = hn::Set(f, 2.0F);
    y[0] = hn::Add(m[0], hn::Add(even_a, even_b));
    y[1] = hn::Add(odd_a, odd_b);
    y[2] = hn::MulAdd(half, even_a, hn::Mul(two, even_b));
    if constexpr (kOut == 4) y[3] = hn::MulAdd(half, odd_a, hn::Mul(two, odd_b));
    y[kOut - 1] = hn::Add(y[kOut - 1], m[5]);
  }
};

// load(row, column) of kIn × kIn values, transformed in both directions, to store(row, column, value).
template <class Transform, class Load, class Store>
HWY_INLINE void transform(Load load, Store store) {
  constexpr int kIn = Transform::kIn, kOut = Transform::kOut;
  V half[kOut][kIn];
  for (int x = 0; x < kIn; ++x) {
    V column[kIn], changed[kOut];
    for (int y = 0; y < kIn; ++y) column[y] = load(y, x);
    Transform::apply(column, changed);
    for (int y = 0; y < kOut; ++y) half[y][x] = changed[y];
  }
  for (int y = 0; y < kOut; ++y) {
    V changed[kOut];
    Transform::apply(half[y], changed);
    for (int x = 0; x < kOut; ++x) store(y, x, changed[x]);
  }
}

// body(place of (0, 0) in pixels, its row, its column, index among all blocks' tiles) for each item.
template <class Body>
HWY_INLINE void for_each_tile(const Tiled& p, TileRun tiles, std::int64_t begin, std::int64_t end, Body body) {
  const std::int64_t a_picture = std::int64_t{p.tile_rows} * p.tile_columns;
  for (std::int64_t item = begin; item < end;) {
    std::int64_t block = item / tiles.count, tile = tiles.first + item % tiles.count;
    std::int64_t line_end = std::min(end, (block + 1) * tiles.count);
    std::int64_t n = tile / a_picture;
    int y = static_cast<int>(tile % a_picture / p.tile_columns), x = static_cast<int>(tile % p.tile_columns);
    for (; item < line_end; ++item) {
      int row = y * kTile - p.top, column = x * kTile - p.left;
      std::int64_t plane = (n * p.blocks + block) * p.height;
      body(((plane + row) * p.width + column) * kLanes, row, column, item);
      if (++x < p.tile_columns) continue;
      x = 0;
      if (++y < p.tile_rows) continue;
      y = 0;
      ++n;
    }
  }
}

template <class Transform>
HWY_INLINE void tiles_from(const Tiled& p, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                           std::int64_t end) {
  const D d;
  constexpr int kIn = Transform::kIn;
  const std::size_t stride = point_stride(static_cast<std::size_t>(p.blocks) * tiles.count * kLanes);
  const std::ptrdiff_t line = std::ptrdiff_t{p.width} * kLanes;
  for_each_tile(p, tiles, begin, end, [&](std::int64_t place, int row, int column, std::int64_t item) HWY_ATTR {
    float* to = points + item * kLanes;
    auto store = [&](int y, int x, V v)
                     HWY_ATTR { hn::StoreU(v, d, to + static_cast<std::size_t>(y * 6 + x) * stride); };
    bool inside = row >= 0 && column >= 0 && row + kIn <= p.height && column + kIn <= p.width;
    if (inside) {
      transform<Transform>([&](int y, int x) HWY_ATTR { return hn::LoadU(d, pixels + place + y * line + x * kLanes); },
                           store);
      return;
    }
    transform<Transform>(
        [&](int y, int x) HWY_ATTR {
          bool there = row + y >= 0 && row + y < p.height && column + x >= 0 && column + x < p.width;
          return there ? hn::LoadU(d, pixels + place + y * line + x * kLanes) : hn::Zero(d);
        },
        store);
  });
}

void from_inputs(const Tiled& p, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                 std::int64_t end) {
  tiles_from<FromInput>(p, pixels, tiles, points, begin, end);
}
void from_gradients(const Tiled& p, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                    std::int64_t end) {
  tiles_from<FromGradient>(p, pixels, tiles, points, begin, end);
}

void to_outputs(const Tiled& p, const float* points, TileRun tiles, const Finish& finish, float* pixels,
                std::int64_t begin, std::int64_t end) {
  const D d;
  const std::size_t stride = point_stride(static_cast<std::size_t>(p.blocks) * tiles.count * kLanes);
  const std::ptrdiff_t line = std::ptrdiff_t{p.width} * kLanes;
  const V least = hn::Set(d, finish.relu ? 0.0F : -std::numeric_limits<float>::infinity());  // first in Max: keeps NaN
  HWY_ALIGN float bias[kLanes] = {};
  std::int64_t bias_block = -1;
  for_each_tile(p, tiles, begin, end, [&](std::int64_t place, int row, int column, std::int64_t item) HWY_ATTR {
    std::int64_t block = item / tiles.count;
    if (finish.bias != nullptr && block != bias_block) {
      for (int i = 0; i < kLanes; ++i)
        bias[i] = block * kLanes + i < finish.channels ? finish.bias[block * kLanes + i] : 0;
      bias_block = block;
    }
    const V add = hn::Load(d, bias);
    const float* from = points + item * kLanes;
    const int rows = p.height - row, columns = p.width - column;
    transform<ToOutput<4>>([&](int y, int x)
                               HWY_ATTR { return hn::LoadU(d, from + static_cast<std::size_t>(y * 6 + x) * stride); },
                           [&](int y, int x, V v) HWY_ATTR {
                             if (y >= rows || x >= columns) return;
                             float* to = pixels + place + y * line + x * kLanes;
                             v = hn::Add(v, finish.add ? hn::Add(add, hn::LoadU(d, to)) : add);
                             hn::StoreU(hn::Max(least, v), d, to);
                           });
  });
}

void from_weights(ChannelBlocks channels, const float* weights, bool turned, float* points, std::int64_t begin,
                  std::int64_t end) {
  const D d;
  const auto apart = hn::Mul(hn::Iota(hn::RebindToSigned<D>(), 0), hn::Set(hn::RebindToSigned<D>(), kLanes));
  const std::ptrdiff_t inputs = std::ptrdiff_t{channels.in_blocks} * kLanes, block_floats = kLanes * kLanes;
  const std::size_t stride = point_stride(static_cast<std::size_t>(inputs) * channels.out_blocks * kLanes);
  for (std::int64_t item = begin; item < end; ++item) {
    std::ptrdiff_t out = item / channels.in_blocks, in = item % channels.in_blocks;
    std::ptrdiff_t panel = out / kPanel * kPanel,
                   panel_blocks = std::min<std::ptrdiff_t>(kPanel, channels.out_blocks - panel);
    float* to = points + (panel * inputs + in * kLanes * panel_blocks + out - panel) * kLanes;
    const float* from =
        weights + (turned ? in * channels.out_blocks + out : out * channels.in_blocks + in) * 9 * block_floats;
    for (int i = 0; i < kLanes; ++i, to += panel_blocks * kLanes) {
      transform<FromKernel>(
          [&](int y, int x) HWY_ATTR {
            return turned ? hn::GatherIndex(d, from + (8 - (y * 3 + x)) * block_floats + i, apart)
                          : hn::LoadU(d, from + (y * 3 + x) * block_floats + i * kLanes);
          },
          [&](int y, int x, V v) HWY_ATTR { hn::StoreU(v, d, to + static_cast<std::size_t>(y * 6 + x) * stride); });
    }
  }
}

void to_weights(ChannelBlocks channels, const float* points, float* weights, std::int64_t begin, std::int64_t end) {
  const D d;
  constexpr std::ptrdiff_t kBlock = kLanes * kLanes;
  const std::size_t stride = point_stride(static_cast<std::size_t>(channels.in_blocks) * channels.out_blocks * kBlock);
  for (std::int64_t item = begin; item < end; ++item) {
    std::ptrdiff_t out = item / channels.in_blocks, in = item % channels.in_blocks;
    const float* from = points + (in * channels.out_blocks + out) * kBlock;
    float* to = weights + item * 9 * kBlock;
    for (int i = 0; i < kLanes; ++i, from += kLanes, to += kLanes) {
      transform<ToOutput<3>>([&](int y, int x)
                                 HWY_ATTR { return hn::LoadU(d, from + static_cast<std::size_t>(y * 6 + x) * stride); },
                             [&](int y, int x, V v) HWY_ATTR { hn::StoreU(v, d, to + (y * 3 + x) * kBlock); });
    }
  }
}

void sum_up(const Tiled& picture, const float* pixels, float* sums, std::int64_t begin, std::int64_t end) {
  const D d;
  for (std::int64_t item = begin; item < end; ++item) {
    const float* from = pixels + item * picture.height * picture.width * kLanes;
    V sum = hn::Zero(d);
    for (int y = 0; y < picture.height; ++y) {
      V line = hn::Zero(d);  // first by line: sums of many numbers lose digits
      for (int x = 0; x < picture.width; ++x, from += kLanes) line = hn::Add(line, hn::LoadU(d, from));
      sum = hn::Add(sum, line);
    }
    hn::StoreU(sum, d, sums + item * kLanes);
  }
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn::cpu {
namespace {

HWY_EXPORT(from_inputs);
HWY_EXPORT(from_gradients);
HWY_EXPORT(to_outputs);
HWY_EXPORT(from_weights);
HWY_EXPORT(to_weights);
HWY_EXPORT(sum_up);

}  // namespace

void tiles_from_inputs(const Tiled& picture, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                       std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(from_inputs)(picture, pixels, tiles, points, begin, end);
}
void tiles_from_gradients(const Tiled& picture, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                          std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(from_gradients)(picture, pixels, tiles, points, begin, end);
}
void outputs_from_tiles(const Tiled& picture, const float* points, TileRun tiles, const Finish& finish, float* pixels,
                        std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(to_outputs)(picture, points, tiles, finish, pixels, begin, end);
}
void points_from_weights(ChannelBlocks channels, const float* weights, bool turned, float* points, std::int64_t begin,
                         std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(from_weights)(channels, weights, turned, points, begin, end);
}
void weights_from_points(ChannelBlocks channels, const float* points, float* weights, std::int64_t begin,
                         std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(to_weights)(channels, points, weights, begin, end);
}
void sum_pixels(const Tiled& picture, const float* pixels, float* sums, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(sum_up)(picture, pixels, sums, begin, end);
}

}  // namespace agewise::nn::cpu
#endif
