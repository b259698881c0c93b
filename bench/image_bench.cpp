// Speed of a picture's way from file to prepared face, layer by layer: pictures a second on one thread.
#include <benchmark/benchmark.h>

#include <cmath>

#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/image/resize.h"

namespace agewise {
namespace {

// Waves and grain: about as many bytes as a face of that size has at quality 90.
image::Image drawn(int size) {
  image::Image image = image::make_image(size, size, 3);
  std::uint32_t state = 1;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < 3 * size; ++x) {
      state = state * 1664525U + 1013904223U;
      double wave = 60 * std::sin(x / 31.0) * std::cos(y / 17.0) + 40 * std::sin((x + 2 * y) / 90.0);
      image.row(y)[x] = static_cast<std::uint8_t>(128 + wave + (state >> 30));
    }
  }
  return image;
}

std::vector<std::byte> jpeg_of(int size) { return image::encode_jpeg(drawn(size), 90); }

void decode_jpeg_to_grey(benchmark::State& state) {
  std::vector<std::byte> file = jpeg_of(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(image::decode(file, {.grey = true}));
  state.SetItemsProcessed(state.iterations());
  state.counters["file_bytes"] = static_cast<double>(file.size());
}
BENCHMARK(decode_jpeg_to_grey)->Arg(200)->Arg(500);

void decode_jpeg_to_rgb(benchmark::State& state) {
  std::vector<std::byte> file = jpeg_of(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(image::decode(file));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_jpeg_to_rgb)->Arg(200)->Arg(500);

void resize_grey_to_128(benchmark::State& state) {
  image::Image image = image::to_grey(drawn(static_cast<int>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(image::resize(image, 128, 128));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(resize_grey_to_128)->Arg(200)->Arg(500);

void resize_rgb_to_256(benchmark::State& state) {
  image::Image image = drawn(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(image::resize(image, 256, 256));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(resize_rgb_to_256)->Arg(200)->Arg(500);

// What `agewise prepare --recipe seed` does with one picture.
void file_to_grey_face_of_128(benchmark::State& state) {
  std::vector<std::byte> file = jpeg_of(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    image::Decoded decoded = image::decode(file, {.grey = true, .enough_pixels = 128});
    benchmark::DoNotOptimize(image::resize(*decoded.image, 128, 128));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(file_to_grey_face_of_128)->Arg(200)->Arg(500);

}  // namespace
}  // namespace agewise
