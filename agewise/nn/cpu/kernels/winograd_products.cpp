#include "agewise/nn/cpu/kernels/winograd_kernels.h"

#include <algorithm>
#include <array>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "agewise/nn/cpu/kernels/winograd_products.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace agewise::nn::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D()));
// Accumulators of a block of products: what leaves registers for the panel and one broadcast.
constexpr bool kWide = kLanes == 16;
constexpr int kTilesAtOnce = kWide ? 14 : 6;
constexpr int kInputsAtOnce = kLanes / 2, kGradientsAtOnce = 3;

// kTiles tiles times a panel of kVectors blocks of outputs. Between blocks of inputs lie `in_step` floats, between
// those of outputs `out_step`.
template <int kTiles, int kVectors>
void multiply_tiles(const float* inputs, std::ptrdiff_t in_step, int in_blocks, const float* panel, float* outputs,
                    std::ptrdiff_t out_step) {
  const D d;
  V sums[kTiles][kVectors];
  for (auto& row : sums) {
    for (V& sum : row) sum = hn::Zero(d);
  }
  for (int block = 0; block < in_blocks; ++block, inputs += in_step) {
    for (int c = 0; c < kLanes; ++c, panel += kVectors * kLanes) {
      V weights[kVectors];
      for (int v = 0; v < kVectors; ++v) weights[v] = hn::LoadU(d, panel + v * kLanes);
      for (int t = 0; t < kTiles; ++t) {
        V input = hn::Set(d, inputs[t * kLanes + c]);
        for (int v = 0; v < kVectors; ++v) sums[t][v] = hn::MulAdd(input, weights[v], sums[t][v]);
      }
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    for (int t = 0; t < kTiles; ++t) hn::StoreU(sums[t][v], d, outputs + v * out_step + t * kLanes);
  }
}

using MultiplyTiles = void (*)(const float*, std::ptrdiff_t, int, const float*, float*, std::ptrdiff_t);
template <int kVectors, int... kLess>
constexpr std::array<MultiplyTiles, sizeof...(kLess)> for_each_count(std::integer_sequence<int, kLess...>) {
  return {multiply_tiles<kLess + 1, kVectors>...};
}
constexpr auto kOneBlock = for_each_count<1>(std::make_integer_sequence<int, kTilesAtOnce>());
constexpr auto kTwoBlocks = for_each_count<2>(std::make_integer_sequence<int, kTilesAtOnce>());

void by_weights(ChannelBlocks channels, int tiles, const float* inputs, const float* weights, float* outputs,
                std::int64_t begin, std::int64_t end) {
  const std::ptrdiff_t step = std::ptrdiff_t{tiles} * kLanes;  // from block to block
  const auto in_floats = static_cast<std::size_t>(channels.in_blocks * step);
  const auto out_floats = static_cast<std::size_t>(channels.out_blocks * step);
  const std::size_t weight_floats =
      static_cast<std::size_t>(channels.in_blocks) * channels.out_blocks * kLanes * kLanes;
  const int panels = (channels.out_blocks + kPanel - 1) / kPanel;
  const int parts = (tiles + kTilesAtOnce - 1) / kTilesAtOnce;
  for (std::int64_t item = begin; item < end; ++item) {
    auto point = static_cast<std::size_t>(item / panels);
    std::ptrdiff_t out = item % panels * kPanel;
    const auto& kernels = out + 1 < channels.out_blocks ? kTwoBlocks : kOneBlock;
    const float* in = inputs + point * point_stride(in_floats);
    const float* panel = weights + point * point_stride(weight_floats) + out * channels.in_blocks * kLanes * kLanes;
    float* to = outputs + point * point_stride(out_floats) + out * step;
    for (int part = 0; part < parts; ++part) {
      int first = tiles * part / parts, count = tiles * (part + 1) / parts - first;
      kernels[static_cast<std::size_t>(count - 1)](in + first * kLanes, step, channels.in_blocks, panel,
                                                   to + first * kLanes, step);
    }
  }
}

// kInputsAtOnce channels of a block times kVectors blocks of gradients, summed over `tiles` tiles.
template <int kVectors>
void sum_products(const float* inputs, const float* gradients, std::ptrdiff_t step, int tiles, float* products,
                  bool first) {
  const D d;
  V sums[kInputsAtOnce][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    for (int i = 0; i < kInputsAtOnce; ++i)
      sums[i][v] = first ? hn::Zero(d) : hn::LoadU(d, products + (v * kLanes + i) * kLanes);
  }
  for (int t = 0; t < tiles; ++t, inputs += kLanes, gradients += kLanes) {
    V g[kVectors];
    for (int v = 0; v < kVectors; ++v) g[v] = hn::LoadU(d, gradients + v * step);
    for (int i = 0; i < kInputsAtOnce; ++i) {
      V input = hn::Set(d, inputs[i]);
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(input, g[v], sums[i][v]);
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    for (int i = 0; i < kInputsAtOnce; ++i) hn::StoreU(sums[i][v], d, products + (v * kLanes + i) * kLanes);
  }
}

void by_gradients(ChannelBlocks channels, int tiles, const float* inputs, const float* gradients, float* products,
                  bool first, std::int64_t begin, std::int64_t end) {
  constexpr std::ptrdiff_t kBlock = kLanes * kLanes;
  constexpr std::array kKernels{sum_products<1>, sum_products<2>, sum_products<3>};
  const std::ptrdiff_t step = std::ptrdiff_t{tiles} * kLanes;
  const int outs = channels.out_blocks, panels = (outs + kGradientsAtOnce - 1) / kGradientsAtOnce;
  for (std::int64_t item = begin; item < end;) {
    std::int64_t point = item / channels.in_blocks, stop = std::min(end, (point + 1) * channels.in_blocks);
    std::int64_t in_begin = item - point * channels.in_blocks, in_end = stop - point * channels.in_blocks;
    auto p = static_cast<std::size_t>(point);
    const float* in = inputs + p * point_stride(static_cast<std::size_t>(channels.in_blocks * step));
    const float* gradient = gradients + p * point_stride(static_cast<std::size_t>(outs * step));
    float* product = products + p * point_stride(static_cast<std::size_t>(channels.in_blocks * outs * kBlock));
    for (int tile = 0; tile < tiles; tile += kTilesSummed) {
      int count = std::min(kTilesSummed, tiles - tile);
      for (int panel = 0; panel < panels; ++panel) {
        int out = outs * panel / panels, vectors = outs * (panel + 1) / panels - out;
        for (std::int64_t block = in_begin; block < in_end; ++block) {
          for (int i = 0; i < kLanes; i += kInputsAtOnce)
            kKernels[static_cast<std::size_t>(vectors - 1)](
                in + block * step + tile * kLanes + i, gradient + out * step + tile * kLanes, step, count,
                product + (block * outs + out) * kBlock + i * kLanes, first && tile == 0);
        }
      }
    }
    item = stop;
  }
}

}  // namespace agewise::nn::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace agewise::nn::cpu {
namespace {

HWY_EXPORT(by_weights);
HWY_EXPORT(by_gradients);

}  // namespace

void multiply_by_weights(ChannelBlocks channels, int tiles, const float* inputs, const float* weights, float* outputs,
                         std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(by_weights)(channels, tiles, inputs, weights, outputs, begin, end);
}
void multiply_by_gradients(ChannelBlocks channels, int tiles, const float* inputs, const float* gradients,
                           float* products, bool first, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(by_gradients)(channels, tiles, inputs, gradients, products, first, begin, end);
}

}  // namespace agewise::nn::cpu
#endif
