// The library on cut-out faces in memory: crops a second, for bench/crops.py to compare the Python module with.
//   crops_bench CROPS SIDE THREADS
#include <agewise/agewise.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 4) return std::fputs("usage: crops_bench CROPS SIDE THREADS\n", stderr), 2;
  int crops = std::atoi(argv[1]), side = std::atoi(argv[2]);
  agewise::Options options;
  options.ready_crops = true;
  options.threads = std::atoi(argv[3]);
  auto estimator = agewise::AgeEstimator::open(options);
  std::size_t bytes = std::size_t{3} * side * side;
  std::vector<std::uint8_t> pixels(bytes * crops);
  std::mt19937 random(1);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(random() >> 24);
  std::vector<agewise::ImageView> views;
  for (int i = 0; i < crops; ++i) views.push_back({pixels.data() + i * bytes, side, side});
  auto estimate = [&](std::span<const agewise::ImageView> some) { return estimator.estimate_all(some).size(); };
  estimate(std::span(views).first(views.size() / 4));
  auto start = std::chrono::steady_clock::now();
  std::size_t done = estimate(views);
  std::printf("%.1f\n", done / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
} catch (const agewise::Error& error) {
  std::fprintf(stderr, "crops_bench: %s\n", error.what());
  return 1;
}
