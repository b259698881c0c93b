#include "agewise/train/teacher.h"

#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/train/examples.h"
#include "agewise/train/train.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

// A model trained on the store, and a recipe that learns from it.
class Teacher : public testing::Test {
 protected:
  Teacher() {
    tiny::make_store(folder_ / "faces.db", {.train = 30, .val = 10});
    recipe_.classes = {{}, {}, 101};
    recipe_.train.loss = recipe::Loss::label_distribution;
    store_.emplace(folder_ / "faces.db");
    RunFolder run = create_run(folder_ / "teacher", recipe_);
    (void)train({run, recipe_, *store_}, *engine_, hooks_);
    model_ = estimate::read_model(run.best());
    recipe_.train.distillation_weight = 0.5;
    run_ = create_run(folder_ / "run", recipe_);
  }

  std::vector<float> soft_targets(std::optional<estimate::Model> teacher) {
    return soft_targets_by(std::move(teacher), recipe_, *store_, run_, *engine_, stop_, {});
  }
  std::string error_of(const estimate::Model* teacher) {
    return agewise::error_of<base::UsageError>([&] { check_teacher(teacher, recipe_, *store_, run_); });
  }

  tiny::Folder folder_;
  recipe::Recipe recipe_ = tiny::recipe();
  std::unique_ptr<nn::Engine> engine_ = nn::make_reference_engine();
  base::StopFlag stop_{false};
  TrainHooks hooks_{stop_, {}, [] { return 0.0; }, {}, {}};
  std::optional<store::Store> store_;
  estimate::Model model_;
  RunFolder run_;
};

TEST_F(Teacher, says_of_each_training_picture_what_it_estimates_and_nothing_of_the_others) {
  std::vector<float> said = soft_targets(model_);
  estimate::Estimator estimator(model_, *engine_, 1);
  std::vector<store::FaceRecord> faces = store_->faces();
  ASSERT_EQ(said.size(), faces.size() * 101);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    std::vector<float> own(said.begin() + static_cast<std::ptrdiff_t>(i * 101),
                           said.begin() + static_cast<std::ptrdiff_t>((i + 1) * 101));
    if (faces[i].split != catalog::Split::train) {
      EXPECT_EQ(own, std::vector<float>(101, 0.0F));
      continue;
    }
    image::Image face = store_->picture(faces[i].row);
    EXPECT_THAT(own,
                testing::Pointwise(testing::FloatNear(1e-6F), estimator.estimate(std::span(&face, 1))[0].distribution));
  }
}

TEST_F(Teacher, need_not_come_again_when_the_run_goes_on) {
  std::vector<float> said = soft_targets(model_);
  EXPECT_EQ(error_of(nullptr), "no error");
  EXPECT_EQ(soft_targets({}), said);
  EXPECT_EQ(error_of(&model_), "no error");  // the command that began the run resumes it
  estimate::Model other = model_;
  other.parameters[0] += 1;
  EXPECT_EQ(soft_targets(other), said);
}

TEST_F(Teacher, that_is_stopped_says_how_to_go_on_and_begins_again) {
  stop_ = true;
  try {
    (void)soft_targets(model_);
    FAIL();
  } catch (const base::Interrupted& stopped) {
    EXPECT_THAT(stopped.what(), HasSubstr("--resume"));
  }
  stop_ = false;
  EXPECT_EQ(error_of(&model_), "no error");
  EXPECT_FALSE(soft_targets(model_).empty());
}

TEST_F(Teacher, changes_what_is_learned) {
  std::vector<float> said = soft_targets(model_);
  (void)train({run_, recipe_, *store_, nullptr, 1, nullptr, said}, *engine_, hooks_);
  EXPECT_NE(estimate::read_model(run_.best()).parameters, model_.parameters);
  EXPECT_THROW((void)train({run_, recipe_, *store_}, *engine_, hooks_), std::invalid_argument);
}

TEST_F(Teacher, is_refused_where_it_does_not_fit) {
  EXPECT_THAT(error_of(nullptr), HasSubstr("needs a teacher to learn from (--teacher MODEL)"));
  estimate::Model other = model_;
  other.recipe.face.detect = true;
  other.recipe.face.margin = 0.2;
  EXPECT_THAT(error_of(&other), HasSubstr("face.detect is false, not true, face.margin is 0.4, not 0.2"));
  other = model_;
  other.recipe.face.colour = recipe::Colour::rgb;
  EXPECT_THAT(error_of(&other), HasSubstr("face.colour"));
  other = model_;
  other.classes = age::yearly_classes(80);
  EXPECT_THAT(error_of(&other), HasSubstr("classes"));
  other = model_;
  other.recipe.train.loss = recipe::Loss::regression;
  EXPECT_THAT(error_of(&other), HasSubstr("regression"));
  EXPECT_EQ(error_of(&model_), "no error");
  recipe_.train.distillation_weight = 0;
  EXPECT_THAT(error_of(&model_), HasSubstr("train.distillation_weight"));
  EXPECT_TRUE(soft_targets({}).empty());
}

}  // namespace
}  // namespace agewise::train
