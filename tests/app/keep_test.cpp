// agewise train --keep model: what a finished run takes on the disk, and what can still be done with it.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/app/run_program.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Keep : public testing::Test {
 protected:
  Keep() {
    recipe::Recipe recipe = train::tiny::recipe();
    recipe.train.epochs = 1;
    recipe.whiten.method = recipe::Whitening::zca;
    train::tiny::make_store(store_, {.train = 40, .val = 10}, recipe);
  }
  Outcome train(const std::string& more) { return run("train " + run_.string() + " --data " + store_.string() + more); }

  train::tiny::Folder folder_;
  fs::path store_ = folder_ / "faces.db", run_ = folder_ / "run";
};

TEST_F(Keep, by_default_keeps_what_resuming_needs) {
  ASSERT_EQ(train("").exit_code, 0);
  for (const char* file : {"best.safetensors", "last.safetensors", "whiten.safetensors", "faces.f32"})
    EXPECT_TRUE(fs::exists(run_ / file)) << file;
  EXPECT_EQ(train(" --resume --set train.epochs=2").exit_code, 0);
}

TEST_F(Keep, model_keeps_what_the_best_model_needs_and_refuses_to_resume) {
  ASSERT_EQ(train(" --keep model").exit_code, 0);
  for (const char* file : {"best.safetensors", "whiten.safetensors", "report.html"})
    EXPECT_TRUE(fs::exists(run_ / file)) << file;
  for (const char* file : {"last.safetensors", "faces.f32"}) EXPECT_FALSE(fs::exists(run_ / file)) << file;
  EXPECT_EQ(run("evaluate " + run_.string() + " --data " + store_.string()).exit_code, 0);
  Outcome resumed = train(" --resume --set train.epochs=2");
  EXPECT_EQ(resumed.exit_code, 2);
  EXPECT_THAT(resumed.output, HasSubstr("kept only its model when it finished (--keep model)"));
  EXPECT_TRUE(fs::exists(run_ / "best.safetensors"));
}

TEST_F(Keep, model_of_folds_keeps_that_of_each) {
  ASSERT_EQ(train(" --folds 2 --keep model").exit_code, 0);
  int best = 0;
  for (const auto& entry : fs::recursive_directory_iterator(run_)) {
    EXPECT_NE(entry.path().filename(), "last.safetensors");
    best += entry.path().filename() == "best.safetensors" ? 1 : 0;
  }
  EXPECT_EQ(best, 2);
  EXPECT_EQ(train(" --resume").exit_code, 2);
}

using SlowTrainPlan = Keep;

TEST_F(SlowTrainPlan, of_a_short_run_tells_no_cheaper_ways_and_of_a_long_one_some) {
  EXPECT_THAT(train(" --plan").output, testing::Not(HasSubstr("cheaper")));
  std::filesystem::remove(store_);
  train::tiny::make_store(store_, {.train = 8000, .val = 10});
  std::string text = train(" --plan --set train.epochs=1000000").output;
  EXPECT_THAT(text, HasSubstr("cheaper     recipe compact, on a store prepared with --recipe compact: "));
  EXPECT_THAT(text, HasSubstr("--set train.epochs=N"));
  EXPECT_THAT(text, HasSubstr("prepare --limit N --sample 1"));
}

}  // namespace
}  // namespace agewise::app
