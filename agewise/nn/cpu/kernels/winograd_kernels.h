// The stages of winograd.h's convolution, vectorised over channels for the instruction set at hand, each on one
// thread's share [begin, end) of its items. B = vector_floats().
//
// A stage works on a block of `tiles.count` tiles. "Points" are the 36 places of a transformed tile; a value's place in
// memory is that of its point, a whole number of strides from the first's, plus that within the point:
//   tiles    [channel block][tile][B]
//   weights  [panel of up to kPanel output blocks][input channel][block in panel][B]
//   products [input block][output block][input channel in block][B]
#pragma once
#include <cstddef>
#include <cstdint>

namespace agewise::nn::cpu {

constexpr int kPoints = 36;
constexpr int kPanel = 2;
constexpr int kTile = 4;  // a tile's outputs, in each direction
// Gradients of so many tiles are summed up before the sums are stored.
constexpr int kTilesSummed = 128;

// Activations N × blocks × height × width × B, cut into tiles: those of a picture in rows, one picture after the other.
// Tile (y, x) begins at pixel (4y - top, 4x - left); what lies outside the picture reads as 0 and is not written.
struct Tiled {
  int blocks, height, width, top, left, tile_rows, tile_columns;
};

struct TileRun {
  std::int64_t first;
  int count;
};

// From a value's point to the next. A cache line more than needed: places of one value in all points would else fall
// into the same few cache sets.
constexpr std::size_t point_stride(std::size_t floats) { return (floats + 15) / 16 * 16 + 16; }

// Items: channel block · tile. Inputs read 6 × 6 pixels a tile; gradients of outputs, for the weights' gradient, 4 × 4.
void tiles_from_inputs(const Tiled& picture, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                       std::int64_t end);
void tiles_from_gradients(const Tiled& picture, const float* pixels, TileRun tiles, float* points, std::int64_t begin,
                          std::int64_t end);
struct Finish {
  const float* bias;  // one a channel, or null
  int channels;
  bool add, relu;
};
void outputs_from_tiles(const Tiled& picture, const float* points, TileRun tiles, const Finish& finish, float* pixels,
                        std::int64_t begin, std::int64_t end);

// Items: output block · input block, of OIhw{B}i{B}o. `turned`: the convolution that carries gradients back, whose
// inputs are the outputs of `weights`, every kernel rotated by half a turn.
struct ChannelBlocks {
  int in_blocks, out_blocks;
};
void points_from_weights(ChannelBlocks channels, const float* weights, bool turned, float* points, std::int64_t begin,
                         std::int64_t end);
// Items the same; from products.
void weights_from_points(ChannelBlocks channels, const float* points, float* weights, std::int64_t begin,
                         std::int64_t end);

// Items: point · panel. Each tile's inputs times the weights.
void multiply_by_weights(ChannelBlocks channels, int tiles, const float* inputs, const float* weights, float* outputs,
                         std::int64_t begin, std::int64_t end);
// Items: point · input block. Adds to products, or if `first` puts there, the sum over the tiles of each input times
// each gradient.
void multiply_by_gradients(ChannelBlocks channels, int tiles, const float* inputs, const float* gradients,
                           float* products, bool first, std::int64_t begin, std::int64_t end);

// Items: picture · channel block. Each channel's sum over the picture, to sums[picture · blocks + block][B].
void sum_pixels(const Tiled& picture, const float* pixels, float* sums, std::int64_t begin, std::int64_t end);

}  // namespace agewise::nn::cpu
