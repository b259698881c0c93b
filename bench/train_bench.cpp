// Speed of augmentation: pictures a second on one thread, of 96×96 in colour.
#include <benchmark/benchmark.h>

#include <cmath>

#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/train/augment.h"

namespace agewise {
namespace {

constexpr int kSide = 96;

image::Image drawn() {
  image::Image image = image::make_image(kSide, kSide, 3);
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<std::uint8_t>(128 + 100 * std::sin(static_cast<double>(i) / 41));
  return image;
}

void augment(benchmark::State& state, const char* keys) {
  recipe::Recipe recipe =
      recipe::parse_recipe("[face]\nsize = 96\ncolour = \"rgb\"\n[augment]\n" + std::string(keys), "bench");
  image::Image face = drawn();
  std::uint32_t sample = 0;
  for (auto _ : state) {
    base::Random random(1, base::Purpose::augment, 1, sample++);
    benchmark::DoNotOptimize(train::augmented(face, train::choose(recipe, random), kSide));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(augment, mirror, "mirror = true");
BENCHMARK_CAPTURE(augment, geometry, "mirror = true\nrotate = 15\nshift = 0.1\nscale = 0.1");
BENCHMARK_CAPTURE(augment, colours, "brightness = 0.4\ncontrast = 0.4\nsaturation = 0.4\nhue = 0.1\ntint = 0.1");
BENCHMARK_CAPTURE(augment, blur, "blur = 1");
BENCHMARK_CAPTURE(augment, scan, "scan = 1");
BENCHMARK_CAPTURE(augment, noise, "noise = 1");
BENCHMARK_CAPTURE(augment, jpeg, "jpeg = 1");
BENCHMARK_CAPTURE(augment, erase, "erase = 1");
BENCHMARK_CAPTURE(
    augment, all_with_the_costly_ones_at_a_fifth,
    "mirror = true\nrotate = 15\nshift = 0.1\nscale = 0.1\nbrightness = 0.4\ncontrast = 0.4\n"
    "saturation = 0.4\nhue = 0.05\ntint = 0.1\ngrey = 0.1\nblur = 0.2\nnoise = 0.2\njpeg = 0.2\nerase = 0.2");

// What a stored face costs before that.
void decode_stored_face(benchmark::State& state) {
  std::vector<std::byte> file = image::encode_jpeg(drawn(), 95);
  for (auto _ : state) benchmark::DoNotOptimize(image::decode(file));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_stored_face);

}  // namespace
}  // namespace agewise
