#include "agewise/nn/cpu/plan/kernel_choice.h"

#include <gmock/gmock.h>

#include <fstream>

#include "agewise/base/error.h"

namespace agewise::nn::cpu {
namespace {

// Kernels that take as long as they say, on a clock that they move.
struct Trial {
  double now = 0;
  int runs = 0;
  Candidate taking(const std::string& name, double seconds) {
    return {name, [this, seconds] {
              return [this, seconds] {
                now += seconds;
                ++runs;
              };
            }};
  }
  KernelChooser chooser(TuningCache* cache) {
    return {cache, [this] { return now; }, "here"};
  }
};

TEST(KernelChoice, takes_the_fastest_and_remembers_it) {
  Trial trial;
  TuningCache cache;
  std::vector<Candidate> candidates{trial.taking("direct", 3), trial.taking("winograd", 1), trial.taking("other", 2)};
  EXPECT_EQ(trial.chooser(&cache).choose("convolution", candidates), 1U);
  EXPECT_EQ(cache, (TuningCache{{"here: convolution", "winograd"}}));
  trial.runs = 0;
  EXPECT_EQ(trial.chooser(&cache).choose("convolution", candidates), 1U);
  EXPECT_EQ(trial.runs, 0);
}

TEST(KernelChoice, obeys_the_book_also_where_another_is_faster) {
  Trial trial;
  TuningCache cache{{"here: convolution", "direct"}};
  EXPECT_EQ(trial.chooser(&cache).choose("convolution", {trial.taking("winograd", 1), trial.taking("direct", 3)}), 1U);
}

TEST(KernelChoice, leaves_the_default_only_for_something_clearly_faster) {
  Trial trial;
  TuningCache cache;
  EXPECT_EQ(trial.chooser(&cache).choose("convolution", {trial.taking("direct", 1), trial.taking("other", 0.99)}), 0U);
}

TEST(KernelChoice, lets_time_count_as_a_candidate_says) {
  Trial trial;
  TuningCache cache;
  Candidate small = trial.taking("small", 1.2);
  small.counts = 0.7;
  EXPECT_EQ(trial.chooser(&cache).choose("layer", {trial.taking("large", 1), small}), 1U);
}

TEST(KernelChoice, times_anew_what_the_book_calls_by_an_unknown_name) {
  Trial trial;
  TuningCache cache{{"here: convolution", "a kernel of tomorrow"}};
  EXPECT_EQ(trial.chooser(&cache).choose("convolution", {trial.taking("direct", 3), trial.taking("winograd", 1)}), 1U);
  EXPECT_EQ(cache.at("here: convolution"), "winograd");
}

TEST(KernelChoice, without_a_book_times_nothing) {
  Trial trial;
  EXPECT_EQ(trial.chooser(nullptr).choose("convolution", {trial.taking("direct", 3), trial.taking("winograd", 1)}), 0U);
  EXPECT_EQ(trial.runs, 0);
}

TEST(TuningCache, comes_back_from_its_file_and_refuses_another) {
  std::filesystem::path file = testing::TempDir() + "kernels.json";
  TuningCache cache{{"here: convolution 1×2", "winograd"}};
  write_tuning_cache(file, cache);
  EXPECT_EQ(read_tuning_cache(file), cache);
  for (const char* text : {"", "{", "[1]", "{\"a\": 1}", "null"}) {
    std::ofstream(file) << text;
    EXPECT_THROW(read_tuning_cache(file), base::Error) << text;
  }
}

}  // namespace
}  // namespace agewise::nn::cpu
