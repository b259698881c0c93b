#include "agewise/estimate/estimator.h"

#include <gmock/gmock.h>

#include <cmath>

#include "agewise/base/error.h"
#include "tests/estimate/small_model.h"

namespace agewise::estimate {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::FloatEq;
using testing::FloatNear;
using testing::Pointwise;

// ln 1, ln 2, ln 5: probabilities 1/8, 2/8, 5/8 of the classes that stand for 20, 40 and 70 years.
const std::vector<float> kOutputs{0, std::log(2.0F), std::log(5.0F)};

TEST(EstimateOf, gives_the_softmax_of_the_outputs) {
  Estimate estimate = estimate_of(small_model(), kOutputs);
  EXPECT_THAT(estimate.distribution, Pointwise(FloatNear(1e-6F), std::vector<float>{0.125F, 0.25F, 0.625F}));
  EXPECT_EQ(estimate.most_likely_class, 2);
}

TEST(EstimateOf, follows_the_prediction_rule) {
  EXPECT_NEAR(estimate_of(small_model("[predict]\npoint_estimate = \"expected-value\""), kOutputs).age,
              (20 + 2 * 40 + 5 * 70) / 8.0, 1e-5);
  EXPECT_EQ(estimate_of(small_model("[predict]\npoint_estimate = \"argmax\""), kOutputs).age, 70);
  // Three eighths lie below 60; an eighth more of the five in the open class, taken as a year wide.
  EXPECT_NEAR(estimate_of(small_model("[predict]\npoint_estimate = \"median\""), kOutputs).age, 60.2, 1e-5);
}

TEST(EstimateOf, takes_a_regressions_output_as_hundreds_of_years) {
  Model model = small_model();
  model.recipe.train.loss = recipe::Loss::regression;
  Estimate estimate = estimate_of(model, std::vector<float>{0.375F});
  EXPECT_EQ(estimate.age, 37.5);
  EXPECT_EQ(estimate.most_likely_class, 1);
  EXPECT_THAT(estimate.distribution, ElementsAre(0, 1, 0));
}

TEST(EstimateOf, takes_no_softmax_of_a_network_that_ends_in_one) {
  Model model = small_model();
  model.recipe.network.layers.push_back({"softmax"});
  model.graph = graph_of(model.recipe, model.classes);
  EXPECT_THAT(estimate_of(model, std::vector<float>{0.5F, 0.25F, 0.25F}).distribution, ElementsAre(0.5, 0.25, 0.25));
}

// The last output's odds are 3 : 1.
TEST(EstimateOf, tells_the_gender_beside_the_same_ages_where_the_model_does) {
  Model model = small_model();
  EXPECT_FALSE(estimate_of(model, kOutputs).male);
  model.recipe.train.gender_weight = 0.5;
  std::vector<float> outputs = kOutputs;
  outputs.push_back(std::log(3.0F));
  Estimate estimate = estimate_of(model, outputs);
  EXPECT_NEAR(estimate.male.value(), 0.75, 1e-6);
  EXPECT_EQ(estimate.distribution, estimate_of(small_model(), kOutputs).distribution);
  EXPECT_NEAR(mean_of(model, std::vector{estimate, estimate_of(model, std::vector<float>(4, 0.0F))}).male.value(),
              0.625, 1e-6);
}

TEST(GraphOf, gives_a_gender_head_one_output_more) {
  Model model = small_model();
  model.recipe.train.gender_weight = 0.5;
  nn::Graph graph = graph_of(model.recipe, model.classes);
  EXPECT_EQ(graph.layers[graph.outputs.front()].shape.channels, 4);
}

TEST(GraphOf, refuses_a_gender_head_behind_a_softmax_of_ages) {
  Model model = small_model();
  model.recipe.train.gender_weight = 0.5;
  recipe::LayerRecipe softmax;
  softmax.kind = "softmax";
  softmax.name = "last";
  model.recipe.network.layers.push_back(softmax);
  EXPECT_THAT(
      [&] { graph_of(model.recipe, model.classes); },
      testing::ThrowsMessage<base::UsageError>(testing::HasSubstr("layer last: a softmax would mix ages and gender")));
}

TEST(EstimateOf, outputs_that_are_no_numbers_make_no_age) {
  Estimate estimate = estimate_of(small_model(), std::vector<float>{0, NAN, 0});
  EXPECT_TRUE(std::isnan(estimate.age));
  EXPECT_THAT(estimate.distribution, Each(0));
}

// 0.3, 0.3 and 0.4 of the classes that begin at 0, 30 and 60 and stand for 20, 40 and 70 years: 6 + 12 + 28 expected;
// half of it lies below two thirds of the middle class.
TEST(MeanOf, makes_the_age_of_the_mean_distribution) {
  std::vector<Estimate> two{{20, 0, {0.5F, 0.3F, 0.2F}}, {50, 2, {0.1F, 0.3F, 0.6F}}};
  Estimate mean = mean_of(small_model("[predict]\npoint_estimate = \"expected-value\""), two);
  EXPECT_NEAR(mean.age, 46, 1e-5);
  EXPECT_EQ(mean.most_likely_class, 2);
  EXPECT_THAT(mean.distribution, Pointwise(FloatNear(1e-6F), std::vector<float>{0.3F, 0.3F, 0.4F}));
  EXPECT_NEAR(mean_of(small_model("[predict]\npoint_estimate = \"median\""), two).age, 50, 1e-5);
  EXPECT_EQ(mean_of(small_model("[predict]\npoint_estimate = \"argmax\""), two).age, 70);
}

TEST(MeanOf, is_no_age_where_one_estimate_is_none) {
  std::vector<Estimate> two{{20, 0, {0.5F, 0.3F, 0.2F}}, estimate_of(small_model(), std::vector<float>{0, NAN, 0})};
  EXPECT_TRUE(std::isnan(mean_of(small_model(), two).age));
}

TEST(MeanOf, a_regressions_mean_is_of_the_class_of_its_age) {
  Model model = small_model();
  model.recipe.train.loss = recipe::Loss::regression;
  std::vector<Estimate> two{{20, 0, {1, 0, 0}}, {90, 2, {0, 0, 1}}};
  EXPECT_THAT(mean_of(model, two).distribution, ElementsAre(0, 1, 0));  // 55 of [30, 60)
}

image::Image face_of(int grey) {
  image::Image face = image::make_image(8, 8, 1);
  face.pixels.assign(64, static_cast<std::uint8_t>(grey));
  return face;
}

// Class 2's output is the mean of the pixels / 100, the others' 0.
Model brightness_model() {
  Model model = small_model("[predict]\npoint_estimate = \"argmax\"");
  std::span<float> weights = parameter(model, "outputs.weight");
  std::fill(weights.begin() + 128, weights.end(), 1 / 6400.0F);
  return model;
}

TEST(Estimator, runs_any_number_of_faces_through_the_network) {
  auto engine = nn::make_reference_engine();
  Estimator estimator(brightness_model(), *engine, 2);
  std::vector<image::Image> faces{face_of(0), face_of(50), face_of(100), face_of(200), face_of(10)};
  std::vector<Estimate> estimates = estimator.estimate(faces);
  ASSERT_EQ(estimates.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    double output = faces[i].pixels[0] / 100.0;
    EXPECT_NEAR(estimates[i].distribution[2], std::exp(output) / (std::exp(output) + 2), 1e-6) << i;
  }
  EXPECT_TRUE(estimator.estimate({}).empty());
}

// Class 2's output is the upper left pixel / 100: of a face whose left half is bright it is 1, of its mirror image 0.
TEST(Estimator, with_flip_averages_a_face_and_its_mirror_image) {
  Model model = small_model("[predict]\npoint_estimate = \"expected-value\"\nflip = true");
  parameter(model, "outputs.weight")[128] = 0.01F;
  image::Image face = face_of(0);
  for (int y = 0; y < 8; ++y) std::fill_n(face.row(y), 4, std::uint8_t{100});
  auto engine = nn::make_reference_engine();
  std::vector<Estimate> estimates = Estimator(model, *engine, 2).estimate(std::vector{face, face_of(100), face});
  double seen = std::exp(1) / (std::exp(1) + 2), mirrored = 1 / 3.0;
  EXPECT_NEAR(estimates[0].distribution[2], (seen + mirrored) / 2, 1e-6);
  EXPECT_NEAR(estimates[1].distribution[2], seen, 1e-6);
  EXPECT_NEAR(estimates[2].age, estimates[0].age, 1e-6);
}

TEST(Estimator, cannot_tell_an_age_whose_interval_is_wider_than_the_recipe_allows) {
  Model model = brightness_model();
  model.intervals = Intervals{0.9, {{0, 5, 5}, {50, 30, 10}}};  // of 20 years 15–25, of 70 years 40–80
  auto engine = nn::make_reference_engine();
  auto cannot_tell = [&](double widest) {
    model.recipe.predict.widest_interval = widest;
    std::vector<bool> cannot;
    for (const Estimate& one : Estimator(model, *engine, 2).estimate(std::vector{face_of(0), face_of(200)}))
      cannot.push_back(one.cannot_tell);
    return cannot;
  };
  EXPECT_EQ(cannot_tell(39), (std::vector{false, true}));
  EXPECT_EQ(cannot_tell(40), (std::vector{false, false}));
  EXPECT_EQ(cannot_tell(0), (std::vector{false, false}));
}

TEST(Estimator, whitens_before_the_network) {
  auto engine = nn::make_reference_engine();
  Model model = brightness_model();
  model.recipe.whiten.method = recipe::Whitening::zca;
  model.whitening = centring();
  Estimator estimator(model, *engine, 4);
  std::vector<image::Image> faces{face_of(100)};
  EXPECT_THAT(estimator.estimate(faces)[0].distribution, Each(FloatEq(1 / 3.0F)));
}

// The article measured with dropout on and by the batch's own statistics; an estimate must not depend on either.
TEST(Estimator, gives_a_face_the_same_age_whatever_is_beside_it_also_in_the_recipe_as_published) {
  auto engine = nn::make_reference_engine();
  recipe::Recipe recipe = recipe::load_recipe("seed-as-published");
  recipe.whiten.method = recipe::Whitening::none;
  recipe.network.scale = 1 / 255.0;
  recipe.face.size = 16;
  Model model{recipe, recipe::classes_of(recipe.classes)};
  model.graph = graph_of(recipe, model.classes);
  model.parameters = nn::initial_parameters(model.graph, 1);
  Estimator estimator(model, *engine, 3);
  image::Image dark = image::make_image(16, 16, 1), bright = dark;
  dark.pixels.assign(256, 20);
  bright.pixels.assign(256, 230);
  std::vector<image::Image> alone{dark}, together{bright, dark, bright};
  EXPECT_EQ(estimator.estimate(alone)[0].distribution, estimator.estimate(together)[1].distribution);
}

}  // namespace
}  // namespace agewise::estimate
