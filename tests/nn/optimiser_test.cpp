#include "agewise/nn/optimiser.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "tests/nn/golden.h"

namespace agewise::nn {
namespace {

const std::vector<std::variant<optimiser::Sgd, optimiser::RmsProp, optimiser::AdamW>> kRules{
    optimiser::Sgd{}, optimiser::RmsProp{}, optimiser::AdamW{}};

// Checkpoints name their arrays so, and old ones must be read for ever.
TEST(Optimiser, calls_its_buffers_as_checkpoints_do) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(buffer_names({optimiser::Sgd{}}), Names{"velocity"});
  EXPECT_EQ(buffer_names({optimiser::RmsProp{}}), Names{"mean_square"});
  EXPECT_EQ(buffer_names({optimiser::AdamW{}}), (Names{"mean", "mean_square"}));
}

// Large enough for threads, and of a length that no vector divides.
TEST(Optimiser, gives_the_same_bits_on_one_thread_and_on_two) {
  constexpr std::size_t kSize = 257 * 301;
  std::vector<ParameterInfo> infos{{"fc.weight", {301, 257}, 1, true, true, 1}};
  auto step_on = [&](const auto& kind, int threads) {
    omp_set_num_threads(threads);
    Updater updater({.rule = UpdateRule{kind, 0.01, 0.9}}, infos, {{0, kSize, 0, 0}}, kSize);
    std::vector<float> parameters = golden_numbers(8, kSize), gradients = golden_numbers(9, kSize);
    for (int step = 0; step < 2; ++step) updater.update(0.01, parameters, gradients);
    std::span<float> average = updater.array(Array::average);
    return std::pair(parameters, std::vector<float>(average.begin(), average.end()));
  };
  int threads = omp_get_max_threads();
  for (const auto& kind : kRules) EXPECT_EQ(step_on(kind, 1), step_on(kind, 2)) << kind.index();
  omp_set_num_threads(threads);
}

}  // namespace
}  // namespace agewise::nn
