#include "agewise/estimate/json.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/base/error.h"
#include "tests/error_of.h"
#include "tests/estimate/small_model.h"

namespace agewise::estimate {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

Model looking_model() {
  Model model = small_model();
  model.recipe.face.detect = true;
  return model;
}

face::FaceCut cut_of(double width) {
  return {image::make_image(8, 8, 1), face::Face{{10, 20, 10 + width, 20 + width}, -15, 1.5}, 0.25};
}

TEST(EstimateJson, says_where_a_face_is_and_how_old) {
  Model model = looking_model();
  Json json = to_json(model, cut_of(40), "", {34.5, 1, {0, 1, 0}});
  EXPECT_EQ(json["box"], Json::parse("[10.0, 20.0, 50.0, 60.0]"));
  EXPECT_EQ(json["angle"], -15);
  EXPECT_EQ(json["score"], 1.5);
  EXPECT_EQ(json["replicated"], 0.25);
  EXPECT_EQ(json["age"], 34.5);
  EXPECT_EQ(json["class"], model.classes.names[1]);
  EXPECT_FALSE(json.contains("reason"));
}

TEST(EstimateJson, names_no_class_where_a_class_is_a_year) {
  Model model = looking_model();
  model.recipe.classes.years = 3;
  EXPECT_FALSE(to_json(model, cut_of(40), "", {34.5, 1, {0, 1, 0}}).contains("class"));
}

TEST(EstimateJson, gives_a_reason_where_the_networks_output_is_not_a_number) {
  face::FaceCut whole = cut_of(40);
  whole.face.reset();
  EXPECT_EQ(to_json(small_model(), whole, "", {std::nan(""), 0, {0, 0, 0}}).dump(),
            R"({"box":null,"crop":true,"age":null,"reason":"the network's output is not a number"})");
}

TEST(EstimateJson, gives_a_refused_face_a_reason_and_no_age) {
  Json json = to_json(looking_model(), cut_of(12), "too small", {34.5, 1, {0, 1, 0}});
  EXPECT_EQ(json.dump(), R"({"box":[10.0,20.0,22.0,32.0],"angle":-15.0,"score":1.5,"replicated":0.25,)"
                         R"("age":null,"reason":"too small"})");
}

TEST(EstimateJson, says_between_which_ages_it_cannot_tell) {
  Model model = looking_model();
  model.intervals = Intervals{0.9};
  Estimate estimate{34.5, 1, {0, 1, 0}, AgeInterval{13.6, 62.2}};
  estimate.cannot_tell = true;
  Json json = to_json(model, cut_of(40), "", estimate);
  EXPECT_EQ(json["age"], nullptr);
  EXPECT_EQ(json["reason"], "cannot tell: 14 to 62 years");
  EXPECT_EQ(json["interval"].dump(), R"({"low":13.6,"high":62.2,"coverage":0.9})");
  EXPECT_FALSE(json.contains("class"));
  Json refused = to_json(model, cut_of(12), "too small", estimate);
  EXPECT_EQ(refused["reason"], "too small");
  EXPECT_FALSE(refused.contains("interval"));
}

// Of the small model's classes (under 30, 30–59, 60 and over) three quarters are from 30 on.
TEST(EstimateJson, says_how_probable_it_is_that_somebody_is_of_an_age_or_older) {
  Model model = looking_model();
  model.intervals = Intervals{0.9, {}, {{0, -1, 1}}, {{30, 0, 1}}};
  check_at_least(model, 30);
  Estimate estimate{34.5, 1, {0.25F, 0.5F, 0.25F}, AgeInterval{13.6, 62.2}};
  EXPECT_EQ(to_json(model, cut_of(40), "", estimate, 30)["at_least"].dump(), R"({"years":30,"probability":0.75})");
  EXPECT_FALSE(to_json(model, cut_of(40), "", estimate).contains("at_least")) << "not asked for";
  EXPECT_FALSE(to_json(model, cut_of(12), "too small", estimate, 30).contains("at_least"));
  estimate.cannot_tell = true;
  EXPECT_EQ(to_json(model, cut_of(40), "", estimate, 30)["at_least"]["probability"], 0.75);
}

TEST(EstimateJson, refuses_ages_that_the_model_is_not_calibrated_for) {
  Model model = looking_model();
  auto asking = [&](int years) { return error_of<base::UsageError>([&] { check_at_least(model, years); }); };
  EXPECT_THAT(asking(18), HasSubstr("18 years or older: the model is not calibrated for that"));
  model.intervals = Intervals{0.9, {}, {{0, -1, 1}}, {{30, 0, 1}, {60, 0, 1}}};
  EXPECT_EQ(asking(30), "no error");
  EXPECT_EQ(asking(60), "no error");
  EXPECT_THAT(asking(29), HasSubstr("29 years or older: the model is calibrated for 30 to 60 years"));
  EXPECT_THAT(asking(61), HasSubstr("for 30 to 60 years"));
}

}  // namespace
}  // namespace agewise::estimate
