#include "agewise/train/features.h"

#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/train/train.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

// Without dropout, whose choices depend on a layer's number.
recipe::Recipe recipe_with(const std::vector<std::string>& keys) {
  recipe::Recipe recipe = tiny::recipe();
  recipe.network.layers[3].options["rate"] = 0.0;
  recipe::set_options(recipe, {"train.frozen=[\"conv\"]", "train.ema_decay=0.5"});
  recipe::set_options(recipe, keys);
  return recipe;
}

class Features : public testing::Test {
 protected:
  Features() { tiny::make_store(folder_ / "faces.db"); }

  std::string train_in(const std::string& name, const recipe::Recipe& recipe, bool stop_first = false) {
    store::Store store(folder_ / "faces.db");
    RunFolder run{folder_ / name};
    if (!is_run(run.path)) create_run(run.path, recipe);
    base::StopFlag stop{false};
    TrainHooks hooks{stop, {}, [] { return 0.0; }, {}, {}};
    hooks.progress = [&](const base::Progress& progress) {
      if (stop_first && progress.what == "computing features, copy 2") stop = true;
    };
    try {
      train({run, recipe, store, nullptr, 2}, *nn::make_reference_engine(), hooks);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::vector<float> weights(const std::string& run) {
    return estimate::read_model(folder_ / run / "last.safetensors").parameters;
  }

  tiny::Folder folder_;
};

TEST_F(Features, train_to_the_same_weights_as_the_pictures_do) {
  ASSERT_EQ(train_in("pictures", recipe_with({})), "no error");
  ASSERT_EQ(train_in("features", recipe_with({"train.features=conv"})), "no error");
  EXPECT_THAT(weights("features"), testing::Pointwise(testing::FloatNear(1e-5F), weights("pictures")));
  // Three channels of 3×3 for each of 40 pictures.
  EXPECT_EQ(std::filesystem::file_size(folder_ / "features/features-0.f32"), 10 * 27 * 4);
  EXPECT_EQ(std::filesystem::file_size(folder_ / "features/features-1.f32"), 30 * 27 * 4);
}

TEST_F(Features, copies_are_augmented_differently_and_validation_pictures_never) {
  ASSERT_EQ(train_in("plain", recipe_with({"train.features=conv"})), "no error");
  recipe::Recipe noisy = recipe_with({"train.features=conv", "train.feature_copies=2", "augment.noise=1"});
  ASSERT_EQ(train_in("noisy", noisy), "no error");
  auto file = [&](const std::string& name) { return base::read_file(folder_ / name, 1 << 20); };
  EXPECT_EQ(file("noisy/features-0.f32"), file("plain/features-0.f32"));
  EXPECT_NE(file("noisy/features-1.f32"), file("plain/features-1.f32"));
  EXPECT_NE(file("noisy/features-1.f32"), file("noisy/features-2.f32"));
}

TEST_F(Features, are_computed_no_second_time) {
  recipe::Recipe recipe = recipe_with({"train.features=conv", "train.feature_copies=2"});
  EXPECT_THAT(train_in("run", recipe, /*stop_first=*/true), HasSubstr("stopped while computing features"));
  auto made = std::filesystem::last_write_time(folder_ / "run/features-1.f32");
  ASSERT_EQ(train_in("run", recipe), "no error");
  EXPECT_EQ(std::filesystem::last_write_time(folder_ / "run/features-1.f32"), made);
  ASSERT_EQ(train_in("whole", recipe), "no error");
  EXPECT_EQ(weights("run"), weights("whole"));
}

TEST_F(Features, need_layers_that_do_not_learn) {
  EXPECT_THAT(train_in("a", recipe_with({"train.features=norm"})),
              HasSubstr("norm.weight comes before norm and is trained"));
  EXPECT_THAT(train_in("b", recipe_with({"train.features=cnov"})), HasSubstr("did you mean conv?"));
  EXPECT_THAT(train_in("c", recipe_with({"train.features=out", "train.frozen=[\"*\"]"})),
              HasSubstr("nothing comes after it"));
}

}  // namespace
}  // namespace agewise::train
