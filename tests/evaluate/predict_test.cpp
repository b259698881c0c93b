#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "agewise/estimate/estimator.h"
#include "agewise/evaluate/evaluate.h"
#include "agewise/train/train.h"
#include "tests/base/crew.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::evaluate {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(PartToEvaluate, is_test_or_else_val_unless_another_is_wanted) {
  train::tiny::Folder folder;
  train::tiny::make_store(folder / "both.db", {.train = 4, .val = 3, .test = 2});
  train::tiny::make_store(folder / "val.db", {.train = 4, .val = 3});
  train::tiny::make_store(folder / "neither.db", {.train = 4, .val = 0});
  EXPECT_EQ(part_to_evaluate(store::Store(folder / "both.db"), {}), catalog::Split::test);
  EXPECT_EQ(part_to_evaluate(store::Store(folder / "both.db"), catalog::Split::train), catalog::Split::train);
  EXPECT_EQ(part_to_evaluate(store::Store(folder / "val.db"), {}), catalog::Split::val);
  EXPECT_THAT(error_of([&] { part_to_evaluate(store::Store(folder / "val.db"), catalog::Split::test); }),
              HasSubstr("val.db: has no test pictures"));
  EXPECT_THAT(error_of([&] { part_to_evaluate(store::Store(folder / "neither.db"), {}); }),
              HasSubstr("neither.db: has no test or val pictures"));
}

class Predict : public testing::Test {
 protected:
  Predict() { train::tiny::make_store(folder_ / "faces.db"); }

  estimate::Model trained(const std::vector<std::string>& assignments) {
    recipe::Recipe recipe = train::tiny::recipe();
    recipe::set_options(recipe, assignments);
    store::Store store(folder_ / "faces.db");
    train::TrainHooks hooks{stop_, {}, [] { return 0.0; }, {}, {}};
    train::train({train::create_run(folder_ / "run", recipe), recipe, store, nullptr}, *engine_, hooks);
    return estimate::read_model(folder_ / "run/best.safetensors");
  }

  train::tiny::Folder folder_;
  base::StopFlag stop_{false};
  std::unique_ptr<nn::Engine> engine_ = nn::make_reference_engine();
};

TEST_F(Predict, agrees_with_the_accuracy_that_training_saw) {
  for (const char* assignment : {"whiten.method=none", "whiten.method=zca"}) {
    estimate::Model model = trained({assignment});
    store::Store store(folder_ / "faces.db");
    std::vector<Prediction> predictions = predict(model, store, catalog::Split::val, *engine_, 2, stop_, {});
    Evaluation evaluation = evaluate(predictions, catalog::Split::val, model.classes, {40});
    double best = 0;
    for (const train::EpochRecord& record : train::read_log(folder_ / "run/log.jsonl")) {
      if (record.best) best = record.validation.accuracy;
    }
    EXPECT_DOUBLE_EQ(evaluation.all.model.accuracy, best) << assignment;
    std::filesystem::remove_all(folder_ / "run");
  }
}

TEST_F(Predict, by_the_articles_habits_asks_every_member_of_an_ensemble) {
  estimate::Model first = trained({"predict.batch_statistics=true", "classes.edges=[]", "classes.years=101"}),
                  second = first;
  for (float& weight : second.parameters) weight *= 0.9F;
  estimate::Model both = first;
  both.further_members.push_back(estimate::member_in_memory(both.graph, second.parameters));
  store::Store store(folder_ / "faces.db");
  auto ages = [&](const estimate::Model& model) {
    return predict(model, store, catalog::Split::val, *engine_, 1, stop_, {});
  };
  std::vector<Prediction> one = ages(first), other = ages(second), ensemble = ages(both);
  EXPECT_NE(one[0].estimate, other[0].estimate);
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    EXPECT_NEAR(ensemble[i].estimate, (one[i].estimate + other[i].estimate) / 2, 1e-3);
    EXPECT_EQ(ensemble[i].members, (std::vector{one[i].estimate, other[i].estimate}));
  }
}

TEST_F(Predict, by_several_processes_tells_each_of_them_what_one_finds) {
  for (const char* assignment : {"predict.dropout=false", "predict.batch_statistics=true"}) {
    estimate::Model model = trained({"whiten.method=none", "train.gender_weight=0.5", assignment});
    model.further_members.push_back(estimate::member_in_memory(model.graph, model.parameters));
    model.intervals = estimate::Intervals{0.9, {}, {{0, -1, 1}}};
    store::Store store(folder_ / "faces.db");
    std::vector<Prediction> alone = predict(model, store, catalog::Split::train, *engine_, 1, stop_, {});
    for (int size : {2, 5}) {  // of 4 batches the last is not full
      base::Crew(size).run([&](base::Communicator& communicator) {
        std::vector<Prediction> found = predict(model, store, catalog::Split::train, *nn::make_reference_engine(), 1,
                                                stop_, {}, OtherCut::refused, communicator);
        ASSERT_EQ(found.size(), alone.size());
        for (std::size_t i = 0; i < alone.size(); ++i) {
          EXPECT_EQ(found[i].face.row, alone[i].face.row);
          EXPECT_EQ(found[i].estimate, alone[i].estimate) << assignment << ", " << i;
          EXPECT_EQ(found[i].estimated_class, alone[i].estimated_class);
          EXPECT_EQ(found[i].male, alone[i].male);
          EXPECT_EQ(found[i].members, alone[i].members);
          EXPECT_EQ(found[i].scale, alone[i].scale);
          EXPECT_EQ(found[i].range_ages, alone[i].range_ages);
          EXPECT_EQ(found[i].shares, alone[i].shares);
          EXPECT_EQ(found[i].range_shares, alone[i].range_shares);
          EXPECT_EQ(found[i].shares.size(), estimate::kThresholds.size());
          EXPECT_EQ(found[i].interval.has_value(), alone[i].interval.has_value());
          EXPECT_EQ(found[i].interval.value_or(estimate::AgeInterval{}).high,
                    alone[i].interval.value_or(estimate::AgeInterval{}).high);
        }
      });
    }
    std::filesystem::remove_all(folder_ / "run");
  }
}

TEST_F(Predict, tells_how_the_interval_of_a_calibrated_model_holds) {
  estimate::Model model = trained({"whiten.method=none"});
  model.intervals = estimate::Intervals{0.9, {}, {{0, -1, 1}}};
  store::Store store(folder_ / "faces.db");
  std::vector<Prediction> predictions = predict(model, store, catalog::Split::val, *engine_, 1, stop_, {});
  int inside = 0;
  for (const Prediction& one : predictions) {
    ASSERT_TRUE(one.interval);
    EXPECT_NEAR(one.interval->high, std::min(one.estimate + one.scale, double{age::kOldest}), 1e-9);
    inside += std::abs(one.face.age - one.estimate) <= one.scale ? 1 : 0;
  }
  auto count = static_cast<double>(predictions.size());
  Evaluation evaluation = evaluation_of(std::move(predictions), catalog::Split::val, model, store);
  EXPECT_DOUBLE_EQ(evaluation.coverage.value().all.share, inside / count);
  model.intervals.reset();
  EXPECT_FALSE(evaluation_of(predict(model, store, catalog::Split::val, *engine_, 1, stop_, {}), catalog::Split::val,
                             model, store)
                   .coverage);
}

TEST_F(Predict, tells_the_ages_that_may_be_where_only_a_range_is_known) {
  train::tiny::make_store(folder_ / "ranges.db", {.ranges = true});
  estimate::Model model = trained({"whiten.method=none"});
  store::Store store(folder_ / "ranges.db");
  for (const Prediction& one : predict(model, store, catalog::Split::val, *engine_, 1, stop_, {})) {
    ASSERT_EQ(one.range_ages.size(), static_cast<std::size_t>(kRangeAges));
    for (double age : one.range_ages) EXPECT_TRUE(one.face.age_range.value().contains(age)) << age;
  }
}

TEST_F(Predict, by_several_processes_is_stopped_by_one_and_refuses_two_models) {
  estimate::Model model = trained({"whiten.method=none"}), other = model;
  other.parameters[3] += 1;
  store::Store store(folder_ / "faces.db");
  auto by_two = [&](const estimate::Model& seconds_model, bool second_stops) {
    base::Crew(2).run([&](base::Communicator& communicator) {
      bool is_second = communicator.rank() == 1;
      base::StopFlag stop{is_second && second_stops};
      try {
        predict(is_second ? seconds_model : model, store, catalog::Split::train, *nn::make_reference_engine(), 1, stop,
                {}, OtherCut::refused, communicator);
        EXPECT_FALSE(second_stops);
      } catch (const base::Interrupted&) {
        EXPECT_TRUE(second_stops);
      }
    });
  };
  by_two(model, false);
  by_two(model, true);
  EXPECT_THAT(error_of<base::UsageError>([&] { by_two(other, false); }), HasSubstr("the model is another on host1"));
}

TEST_F(Predict, agrees_with_the_estimator_one_picture_at_a_time) {
  estimate::Model model = trained({"whiten.method=zca"});
  store::Store store(folder_ / "faces.db");
  std::vector<Prediction> predictions = predict(model, store, catalog::Split::train, *engine_, 2, stop_, {});
  ASSERT_EQ(predictions.size(), 30);
  estimate::Estimator estimator(model, *engine_, 1);
  std::vector<image::Image> face{store.picture(predictions[13].face.row)};
  EXPECT_NEAR(predictions[13].estimate, estimator.estimate(face)[0].age, 1e-3);
}

// Whatever a network was trained on and however it answers: evaluate and predict see the same age.
TEST_F(Predict, agrees_with_the_estimator_whatever_the_loss_and_the_prediction_and_learns) {
  for (std::vector<std::string> keys :
       {std::vector<std::string>{"train.loss=regression"},
        {"train.loss=mean-variance", "predict.point_estimate=argmax"},
        {"train.loss=label-distribution", "predict.point_estimate=median", "predict.flip=true"}}) {
    keys.insert(keys.end(), {"network.scale=0.01", "network.size=6", "train.learning_rate=0.01", "train.epochs=40"});
    estimate::Model model = trained(keys);
    store::Store store(folder_ / "faces.db");
    std::vector<Prediction> predictions = predict(model, store, catalog::Split::train, *engine_, 2, stop_, {});
    estimate::Estimator estimator(model, *engine_, 3);
    std::vector<image::Image> faces{store.picture(predictions[13].face.row), store.picture(predictions[2].face.row)};
    std::vector<estimate::Estimate> estimates = estimator.estimate(faces);
    EXPECT_NEAR(predictions[13].estimate, estimates[0].age, 1e-3) << keys[0];
    EXPECT_NEAR(predictions[2].estimate, estimates[1].age, 1e-3) << keys[0];
    Evaluation evaluation = evaluate(predictions, catalog::Split::train, model.classes, {45});
    EXPECT_LT(evaluation.all.model.mae, evaluation.all.baseline.mae) << keys[0];
    std::filesystem::remove_all(folder_ / "run");
  }
}

TEST_F(Predict, refuses_a_store_of_other_faces_and_says_what_differs_and_what_to_do) {
  estimate::Model model = trained({});
  store::Store store(folder_ / "faces.db");
  auto refusal = [&](OtherCut other_cut) {
    return error_of([&] { predict(model, store, catalog::Split::val, *engine_, 2, stop_, {}, other_cut); });
  };
  model.recipe.face.crop = true;
  model.recipe.face.margin = 0.1;
  EXPECT_THAT(
      refusal(OtherCut::refused),
      AllOf(HasSubstr(
                "faces.db: its faces are not like those that the model was trained on: face.crop is false, not true, "
                "face.margin is 0.4, not 0.1"),
            HasSubstr("--set face.crop=true --set face.margin=0.1")));
  EXPECT_EQ(refusal(OtherCut::measured), "no error");
  EXPECT_THAT(caveat_of_cut(model, store), HasSubstr("face.margin is 0.4, not 0.1"));
  model.recipe.face.size = 16;
  EXPECT_THAT(refusal(OtherCut::measured), HasSubstr("face.size is 8, not 16"));
}

// The store's faces were cut out beforehand, with the margin that its recipe states.
TEST_F(Predict, takes_faces_cut_out_beforehand_for_its_own_if_the_margin_is_the_same_and_says_so) {
  estimate::Model model = trained({});
  store::Store store(folder_ / "faces.db");
  EXPECT_EQ(caveat_of_cut(model, store), "");
  model.recipe.face.detect = true;
  EXPECT_EQ(predict(model, store, catalog::Split::val, *engine_, 2, stop_, {}).size(), 10U);
  EXPECT_THAT(caveat_of_cut(model, store), HasSubstr("cut out beforehand"));
}

}  // namespace
}  // namespace agewise::evaluate
