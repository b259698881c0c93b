#include "agewise/nn/cpu/kernels/winograd.h"

#include <algorithm>

#include "agewise/nn/cpu/kernels/parallel.h"
#include "agewise/nn/cpu/kernels/thin_kernels.h"
#include "agewise/nn/cpu/kernels/winograd_kernels.h"

namespace agewise::nn::cpu {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
int blocks_of(int channels) { return (channels + vector_floats() - 1) / vector_floats(); }
int tiles_along(int outputs) { return (outputs + kTile - 1) / kTile; }

// Carries the output's gradient back to the input.
WinogradShape turned(const WinogradShape& s) {
  return {s.batch, s.out, s.in, {2 - s.pad.top, 2 - s.pad.left, 2 - s.pad.bottom, 2 - s.pad.right}};
}

ChannelBlocks channel_blocks_of(const WinogradShape& s) {
  return {blocks_of(s.in.channels), blocks_of(s.out.channels)};
}

Tiled read_tiles(const WinogradShape& s) {
  return {blocks_of(s.in.channels), s.in.height, s.in.width, s.pad.top, s.pad.left, tiles_along(s.out.height),
          tiles_along(s.out.width)};
}
Tiled written_tiles(const WinogradShape& s) {
  return {blocks_of(s.out.channels), s.out.height, s.out.width, 0, 0, tiles_along(s.out.height),
          tiles_along(s.out.width)};
}
std::int64_t tile_count(const WinogradShape& s) {
  return std::int64_t{s.batch} * tiles_along(s.out.height) * tiles_along(s.out.width);
}

// All points of `tiles` tiles.
std::size_t tile_floats(int blocks, std::int64_t tiles) {
  return kPoints * point_stride(at(blocks) * at(tiles) * at(vector_floats()));
}
std::size_t product_floats(ChannelBlocks channels) {
  return kPoints *
         point_stride(at(channels.in_blocks) * at(channels.out_blocks) * at(vector_floats()) * at(vector_floats()));
}

// One thread's part of any number of items.
struct Share {
  std::int64_t begin, end, of;
  std::pair<std::int64_t, std::int64_t> part(std::int64_t items) const {
    return {items * begin / of, items * end / of};
  }
};
constexpr Share kAll{0, 1, 1};

// How the tiles are worked off. Together: all threads on one block of tiles, stage after stage, so that each reads only
// its part of the weights. Apart: each thread on tiles of its own, which then stay in its own cache.
struct Blocking {
  bool together;
  int tiles;  // a block's, at most
};

constexpr std::size_t kOwnCache = 1 << 20, kSharedCache = 12 << 20;  // bytes

int most_tiles(ChannelBlocks channels, std::size_t bytes, std::int64_t least, std::int64_t most) {
  std::size_t tile = kPoints * at(channels.in_blocks + channels.out_blocks) * at(vector_floats()) * sizeof(float);
  return static_cast<int>(std::clamp(static_cast<std::int64_t>(bytes / tile), least, std::max(most, least)));
}

Blocking blocking_of(const WinogradShape& s, int threads) {
  ChannelBlocks channels = channel_blocks_of(s);
  std::int64_t tiles = tile_count(s), own = (tiles + threads - 1) / threads;
  constexpr std::int64_t kWorthOwn = 28;
  int in_own_cache = most_tiles(channels, kOwnCache, 1, own);
  if (in_own_cache >= std::min<std::int64_t>(kWorthOwn, own) && own >= kWorthOwn) return {false, in_own_cache};
  return {true, most_tiles(channels, kSharedCache, 64, tiles)};
}

// body(run) for blocks of about equal size.
template <class Body>
void for_each_block(std::int64_t begin, std::int64_t end, int most, Body body) {
  std::int64_t tiles = end - begin, blocks = (tiles + most - 1) / most;
  for (std::int64_t i = 0; i < blocks; ++i) {
    std::int64_t first = begin + tiles * i / blocks;
    body(TileRun{first, static_cast<int>(begin + tiles * (i + 1) / blocks - first)});
  }
}

void wait_for_all() {
#pragma omp barrier
}

void convolve(const WinogradShape& s, const float* in, const float* weights, const Finish& finish, float* out,
              float* scratch, int threads) {
  const ChannelBlocks channels = channel_blocks_of(s);
  const Tiled reads = read_tiles(s), writes = written_tiles(s);
  const Blocking blocking = blocking_of(s, threads);
  const std::int64_t panels = (channels.out_blocks + kPanel - 1) / kPanel;
  const std::size_t in_floats = tile_floats(channels.in_blocks, blocking.tiles),
                    out_floats = tile_floats(channels.out_blocks, blocking.tiles);
  parallel(threads, 1, [&](std::int64_t begin, std::int64_t end, int part) {
    const Share mine{begin, end, threads}, share = blocking.together ? mine : kAll;
    auto [first, last] = (blocking.together ? kAll : mine).part(tile_count(s));
    float* inputs = scratch + (blocking.together ? 0 : at(part) * (in_floats + out_floats));
    float* outputs = inputs + in_floats;
    for_each_block(first, last, blocking.tiles, [&](TileRun tiles) {
      auto [a, b] = share.part(std::int64_t{tiles.count} * channels.in_blocks);
      tiles_from_inputs(reads, in, tiles, inputs, a, b);
      if (blocking.together) wait_for_all();
      auto [c, d] = share.part(kPoints * panels);
      multiply_by_weights(channels, tiles.count, inputs, weights, outputs, c, d);
      if (blocking.together) wait_for_all();
      auto [e, f] = share.part(std::int64_t{tiles.count} * channels.out_blocks);
      outputs_from_tiles(writes, outputs, tiles, finish, out, e, f);
    });
  });
}

}  // namespace

bool winograd_fits(const WinogradShape& s) {
  auto side = [](int in, int before, int after, int out) {
    return before >= 0 && after >= 0 && before <= 2 && after <= 2 && out >= 1 && out == in + before + after - 2;
  };
  return side(s.in.height, s.pad.top, s.pad.bottom, s.out.height) &&
         side(s.in.width, s.pad.left, s.pad.right, s.out.width) && s.in.channels >= vector_floats() &&
         s.out.channels >= vector_floats();
}

std::size_t winograd_scratch_floats(const WinogradShape& shape, WinogradPass pass, int threads) {
  const WinogradShape s = pass == WinogradPass::backward_data ? turned(shape) : shape;
  const ChannelBlocks channels = channel_blocks_of(s);
  if (pass == WinogradPass::backward_weights) {
    int tiles = most_tiles(channels, kSharedCache, kTilesSummed, tile_count(s));
    return tile_floats(channels.in_blocks, tiles) + tile_floats(channels.out_blocks, tiles) + product_floats(channels) +
           at(s.batch) * at(channels.out_blocks) * at(vector_floats());
  }
  Blocking blocking = blocking_of(s, threads);
  return (blocking.together ? 1 : at(threads)) *
         (tile_floats(channels.in_blocks, blocking.tiles) + tile_floats(channels.out_blocks, blocking.tiles));
}

std::size_t winograd_weight_floats(const WinogradShape& shape) { return product_floats(channel_blocks_of(shape)); }

void winograd_transform_weights(const WinogradShape& shape, WinogradPass pass, const float* weights, float* transformed,
                                int threads) {
  const bool back = pass == WinogradPass::backward_data;
  const ChannelBlocks channels = channel_blocks_of(back ? turned(shape) : shape);
  parallel(threads, 1, [&](std::int64_t begin, std::int64_t end, int) {
    auto [a, b] = Share{begin, end, threads}.part(std::int64_t{channels.in_blocks} * channels.out_blocks);
    points_from_weights(channels, weights, back, transformed, a, b);
  });
}

void winograd_forward(const WinogradShape& shape, const float* in, const float* transformed,
                      const WinogradFinish& finish, float* out, float* scratch, int threads) {
  convolve(shape, in, transformed, {finish.bias, shape.out.channels, finish.add, finish.relu}, out, scratch, threads);
}

void winograd_backward_data(const WinogradShape& shape, const float* out_gradient, const float* transformed,
                            float* in_gradient, float* scratch, int threads) {
  convolve(turned(shape), out_gradient, transformed, {nullptr, 0, false, false}, in_gradient, scratch, threads);
}

void winograd_backward_weights(const WinogradShape& s, const float* in, const float* out_gradient,
                               float* weight_gradient, float* bias_gradient, float* scratch, int threads) {
  const ChannelBlocks channels = channel_blocks_of(s);
  const Tiled reads = read_tiles(s), writes = written_tiles(s);
  const int most = most_tiles(channels, kSharedCache, kTilesSummed, tile_count(s)), lanes = vector_floats();
  float* inputs = scratch;
  float* gradients = inputs + tile_floats(channels.in_blocks, most);
  float* products = gradients + tile_floats(channels.out_blocks, most);
  float* sums = products + product_floats(channels);
  parallel(threads, 1, [&](std::int64_t begin, std::int64_t end, int) {
    const Share mine{begin, end, threads};
    for_each_block(0, tile_count(s), most, [&](TileRun tiles) {
      auto [a, b] = mine.part(std::int64_t{tiles.count} * channels.in_blocks);
      tiles_from_inputs(reads, in, tiles, inputs, a, b);
      auto [c, d] = mine.part(std::int64_t{tiles.count} * channels.out_blocks);
      tiles_from_gradients(writes, out_gradient, tiles, gradients, c, d);
      wait_for_all();
      auto [e, f] = mine.part(std::int64_t{kPoints} * channels.in_blocks);
      multiply_by_gradients(channels, tiles.count, inputs, gradients, products, tiles.first == 0, e, f);
      wait_for_all();
    });
    auto [a, b] = mine.part(std::int64_t{channels.in_blocks} * channels.out_blocks);
    weights_from_points(channels, products, weight_gradient, a, b);
    if (bias_gradient == nullptr) return;
    auto [c, d] = mine.part(std::int64_t{s.batch} * channels.out_blocks);
    sum_pixels(writes, out_gradient, sums, c, d);
  });
  if (bias_gradient == nullptr) return;
  for (int c = 0; c < s.out.channels; ++c) {
    bias_gradient[c] = 0;
    for (int n = 0; n < s.batch; ++n) bias_gradient[c] += sums[(n * channels.out_blocks * lanes) + c];
  }
}

}  // namespace agewise::nn::cpu
