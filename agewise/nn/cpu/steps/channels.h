// Walking over an activation channel by channel: plain, in blocks of channels, or, while estimating, channels last.
#pragma once
#include <algorithm>
#include <cstdint>

#include "agewise/nn/cpu/kernels/parallel.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/plan/plan.h"

namespace agewise::nn::cpu {

constexpr int kLargestBlock = 16;

// N × C/block × pixels × block; plain is block = 1, channels last one block of all channels, however many.
struct Channels {
  std::int64_t batch, channels, pixels, block;
  bool last = false;
  std::int64_t blocks() const { return (channels + block - 1) / block; }
  // Where the `block` numbers of a channel block's first pixel begin.
  std::int64_t start(std::int64_t n, std::int64_t b) const { return (n * blocks() + b) * pixels * block; }
};

// Of a layout that is plain, in blocks of channels or channels last.
inline Channels channels_of(const dnnl::memory::desc& layout) {
  auto dims = layout.dims();
  bool last = !is_canonical(layout) && channel_block(layout) == 0 && is_channels_last(layout);
  return {dims[0], dims[1], dims[2] * dims[3], last ? dims[1] : std::max(1, channel_block(layout)), last};
}

// Whether own loops walk it as it lies. Backward passes sum over blocks of at most kLargestBlock channels.
inline bool is_walkable(const Plan& plan, const dnnl::memory::desc& layout) {
  return channel_block(layout) > 0 || is_canonical(layout) || (!plan.train() && is_channels_last(layout));
}

// `tensor` if it can be walked over as it lies, else a plain copy that `reorder` makes.
inline Tensor walkable(Plan& plan, const Tensor& tensor, Call& reorder) {
  if (is_walkable(plan, tensor.layout())) return tensor;
  const auto dims = tensor.layout().dims();
  Tensor plain = plan.allocate({dims, tensor.layout().data_type(), dnnl::memory::format_tag::nchw});
  reorder = plan.reorder(tensor, plain);
  return plain;
}

// Calls body(i, c) for each number i of batch row n and channel block b, c its channel. Numbers that fill up the last
// block are passed over.
template <class Body>
void for_each_of_block(const Channels& all, std::int64_t n, std::int64_t b, Body body) {
  std::int64_t first = b * all.block, count = std::min(all.block, all.channels - first), at = all.start(n, b);
  if (all.block == 1) {
    for (std::int64_t p = 0; p < all.pixels; ++p) body(at + p, first);
    return;
  }
  for (std::int64_t p = 0; p < all.pixels; ++p, at += all.block) {
    for (std::int64_t k = 0; k < count; ++k) body(at + k, first + k);
  }
}

// Calls body(n, b) for each batch row and block of channels, on all threads, each by one of them.
template <class Body>
void for_each_row(const Channels& all, Body body) {
  constexpr std::int64_t kWorthAThread = 1 << 13;
  std::int64_t numbers = all.pixels * all.block;
  parallel(all.batch * all.blocks(), kWorthAThread / numbers + 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) body(row / all.blocks(), row % all.blocks());
  });
}

// Channels last: calls body(i, n) for each pixel, its numbers beginning at i, n its row of the batch; on all threads.
template <class Body>
void for_each_pixel_last(const Channels& all, Body body) {
  constexpr std::int64_t kWorthAThread = 1 << 13;
  parallel(all.batch * all.pixels, kWorthAThread / all.channels + 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t pixel = begin; pixel < end; ++pixel) body(pixel * all.channels, pixel / all.pixels);
  });
}

// Calls body(i, c, n) for each number i, c its channel, n its row of the batch; on all threads, each number once. Then
// clears of `written` what fills up the last block.
template <class Body>
void for_each_number(const Channels& all, float* written, Body body) {
  if (all.last) {
    return for_each_pixel_last(all, [&](std::int64_t i, std::int64_t n) {
      for (std::int64_t c = 0; c < all.channels; ++c) body(i + c, c, n);
    });
  }
  for_each_row(all, [&](std::int64_t n, std::int64_t b) {
    for_each_of_block(all, n, b, [&](std::int64_t i, std::int64_t c) { body(i, c, n); });
    std::int64_t filled = std::min(all.block, all.channels - b * all.block);
    for (std::int64_t p = 0; filled < all.block && p < all.pixels; ++p) {
      float* pixel = written + all.start(n, b) + p * all.block;
      std::fill(pixel + filled, pixel + all.block, 0.0F);
    }
  });
}

// Calls body(b) for each block of channels, on all threads: what is summed over a channel is summed by one thread, in
// order.
template <class Body>
void for_each_block(const Channels& all, Body body) {
  constexpr std::int64_t kWorthAThread = 1 << 13;
  std::int64_t numbers = all.batch * all.pixels * all.block;
  parallel(all.blocks(), kWorthAThread / numbers + 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t b = begin; b < end; ++b) body(b);
  });
}

}  // namespace agewise::nn::cpu
