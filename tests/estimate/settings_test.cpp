#include "agewise/estimate/settings.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/estimate/estimator.h"
#include "tests/error_of.h"
#include "tests/estimate/small_model.h"

namespace agewise::estimate {
namespace {

using testing::HasSubstr;

// Whatever the picture: 1/8, 2/8, 5/8 for 20, 40 and 70 years. The true age is at most 5 years below an estimate.
Model calibrated() {
  Model model = small_model();
  std::span<float> bias = parameter(model, "outputs.bias");
  bias[1] = std::log(2.0F);
  bias[2] = std::log(5.0F);
  model.intervals = Intervals{0.9, {{0, 5, 1}}};
  model.notes = {{"intervals", "90 %"}, {"measured", "4 years"}, {"licence", "mine"}};
  return model;
}

Estimate estimate_with(Model model) {
  std::unique_ptr<nn::Engine> engine = nn::make_reference_engine();
  std::vector<image::Image> faces{image::make_image(8, 8, 1)};
  return Estimator(std::move(model), *engine, 1).estimate(faces)[0];
}

TEST(Settings, of_another_point_estimate_make_another_age_without_the_interval_of_the_old_one) {
  Model model = calibrated();
  EXPECT_NEAR(estimate_with(model).interval.value().low, (20 + 2 * 40 + 5 * 70) / 8.0 - 5, 1e-4);
  SettingsChange change = change_settings(model, {"predict.point_estimate=argmax"}, SettingsUse::estimates);
  EXPECT_EQ(change.text, "predict.point_estimate = 'argmax', not 'expected-value'");
  EXPECT_THAT(change.warning, HasSubstr("predict.point_estimate = 'argmax', not 'expected-value': the model's "
                                        "intervals were calibrated on other estimates"));
  Estimate estimate = estimate_with(model);
  EXPECT_EQ(estimate.age, 70);
  EXPECT_FALSE(estimate.interval);
  EXPECT_EQ(model.notes, (std::map<std::string, std::string>{{"licence", "mine"}}));
}

TEST(Settings, that_leave_the_estimates_as_they_are_keep_the_intervals) {
  for (const std::vector<std::string>& assignments : {std::vector<std::string>{}, {"predict.flip=false"}}) {
    Model model = calibrated();
    SettingsChange change = change_settings(model, assignments, SettingsUse::estimates);
    EXPECT_EQ(change.text + change.warning, "");
    EXPECT_TRUE(model.intervals);
    EXPECT_TRUE(model.notes.contains("measured"));
  }
  Model doubtful = calibrated();
  EXPECT_EQ(change_settings(doubtful, {"predict.widest_interval=40"}, SettingsUse::estimates).warning, "");
  EXPECT_TRUE(doubtful.intervals);
  // The article's habits are for measuring alone; what an interval is calibrated on is estimated without them.
  Model model = calibrated();
  SettingsChange change = change_settings(model, {"predict.dropout=true"}, SettingsUse::evaluation);
  EXPECT_EQ(change.text, "predict.dropout = true, not false");
  EXPECT_EQ(change.warning, "");
  EXPECT_TRUE(model.intervals);
}

struct Refusal {
  const char* loss;
  std::vector<std::string> assignments;
  SettingsUse use;
  const char* problem;
};

TEST(Settings, that_would_do_nothing_or_belong_to_training_are_refused_and_change_nothing) {
  for (const Refusal& refusal : std::initializer_list<Refusal>{
           {"cross-entropy", {"predict.flip=true", "train.epochs=3"}, SettingsUse::estimates, "only keys of [predict]"},
           {"cross-entropy", {"predict.dropout=true"}, SettingsUse::estimates, "for `agewise evaluate`"},
           {"cross-entropy", {"predict.batch_statistics=true"}, SettingsUse::estimates, "for `agewise evaluate`"},
           {"cross-entropy",
            {"predict.dropout=true", "predict.flip=true"},
            SettingsUse::evaluation,
            "add --set predict.flip=false"},
           {"cross-entropy", {"predict.point_estimate=mean"}, SettingsUse::estimates, "must be one of"},
           {"regression", {"predict.point_estimate=median"}, SettingsUse::estimates, "gives years"},
       }) {
    Model model = calibrated();
    if (std::string(refusal.loss) == "regression") model.recipe.train.loss = recipe::Loss::regression;
    std::string before = to_toml(model.recipe);
    EXPECT_THAT(error_of([&] { change_settings(model, refusal.assignments, refusal.use); }),
                HasSubstr(refusal.problem));
    EXPECT_EQ(to_toml(model.recipe), before);
    EXPECT_TRUE(model.intervals);
  }
}

}  // namespace
}  // namespace agewise::estimate
