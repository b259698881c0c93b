// The bundled detector's network on pictures of common shapes, one thread: the time that OpenCV's YuNet is compared
// with (bench/side_by_side.py photographs).
#include <benchmark/benchmark.h>

#include <cmath>

#include "agewise/face/yunet_network.h"

namespace agewise::face {
namespace {

image::Image picture(int width, int height) {
  image::Image image = image::make_image(width, height, 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < 3 * width; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>(128 + 60 * std::sin(x * 0.011) + 60 * std::cos(y * 0.05));
  }
  return image;
}

void look(benchmark::State& state) {
  image::Image shown = picture(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  YunetNetwork network;
  for (auto _ : state) benchmark::DoNotOptimize(network.look_at(shown, 0.02));
}
BENCHMARK(look)
    ->Args({640, 480})
    ->Args({480, 640})
    ->Args({640, 640})
    ->Args({320, 320})
    ->Args({96, 96})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace agewise::face
