// How a face is cut out of its picture, as a user meets it: a model is evaluated, trained from and learned from on
// faces of its own cut only, and sees in predict what it saw in prepare.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "demo/cast.h"
#include "demo/portrait.h"
#include "demo/wiki_mat.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Cut : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  // Its ages depend on every pixel.
  void write_model(const std::vector<std::string>& keys) {
    estimate::Model model = estimate::small_model();
    recipe::set_options(model.recipe, keys);
    model.graph = estimate::graph_of(model.recipe, model.classes);
    model.parameters.assign(static_cast<std::size_t>(nn::parameter_count(nn::parameters_of(model.graph))), 0);
    std::span<float> weights = estimate::parameter(model, "outputs.weight");
    double largest = 0.03 / std::sqrt(static_cast<double>(weights.size()));
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i] = static_cast<float>(largest * std::sin(static_cast<double>(i * i % 1000)));
    estimate::write_model(at("m.safetensors"), model);
  }
  void make_store(const std::string& name, const std::vector<std::string>& keys) {
    recipe::Recipe recipe = train::tiny::recipe();
    recipe::set_options(recipe, keys);
    train::tiny::make_store(at(name), {.train = 30, .val = 40}, recipe);
  }

  train::tiny::Folder folder_;
};

const std::vector<std::string> kDetected{"face.detect=true", "face.margin=0.2"};

struct OtherCut {
  std::vector<std::string> keys;
  std::string difference;
};

const std::vector<OtherCut> kOtherCuts{
    {{"face.detect=true", "face.margin=0.4"}, "face.margin is 0.4, not 0.2"},
    {{"face.detect=true", "face.margin=0.2", "face.detector=yunet.onnx"}, "face.detector is yunet.onnx, not hog"},
    {{"face.crop=true", "face.margin=0.2"}, "face.crop is true, not false, face.detect is false, not true"},
    {{"face.detect=true", "face.margin=0.2", "face.colour=rgb"}, "face.colour is rgb, not grey"},
};

TEST_F(Cut, of_a_store_must_be_the_models_to_be_evaluated_calibrated_begun_with_and_learned_from) {
  write_model(kDetected);
  const std::string model = at("m.safetensors");
  make_store("own.db", kDetected);
  EXPECT_EQ(run("evaluate " + model + " --data " + at("own.db")).exit_code, 0);
  for (std::size_t i = 0; i < kOtherCuts.size(); ++i) {
    const auto& [keys, difference] = kOtherCuts[i];
    std::string store = at(fmt::format("other{}.db", i));
    make_store(fmt::format("other{}.db", i), keys);
    for (const std::string& command :
         {fmt::format("evaluate {} --data {}", model, store),
          fmt::format("calibrate {} --data {} -o {}", model, store, at("c")),
          fmt::format("train {} --data {} --from {}", at("run"), store, model),
          fmt::format("train {} --data {} --teacher {} --set train.loss=label-distribution "
                      "--set train.distillation_weight=0.5 --set 'classes.edges=[30, 60]'",
                      at("run"), store, model)}) {
      Outcome outcome = run(command);
      EXPECT_EQ(outcome.exit_code, 2) << command;
      EXPECT_THAT(outcome.output, AllOf(HasSubstr(difference), HasSubstr("prepare a store with --set face.")))
          << command;
      EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
    }
  }
}

TEST_F(Cut, bundled_models_are_begun_with_and_learned_from_by_their_names) {
  make_store("own.db", kDetected);
  const std::vector<std::pair<std::string, std::string>> uses{
      {"--from compact", "face.colour is grey, not rgb"},
      {"--teacher permissive --set train.distillation_weight=0.5", "the teacher (--teacher) has other age classes"}};
  for (const auto& [use, difference] : uses) {
    Outcome outcome =
        run(fmt::format("train {} --data {} --set train.loss=label-distribution {}", at("run"), at("own.db"), use));
    EXPECT_EQ(outcome.exit_code, 2) << use;
    EXPECT_THAT(outcome.output, HasSubstr(difference)) << use;
  }
}

TEST_F(Cut, that_is_another_is_measured_only_where_that_is_asked_for_and_said) {
  write_model(kDetected);
  make_store("wide.db", {"face.detect=true", "face.margin=0.4"});
  make_store("large.db", {"face.detect=true", "face.margin=0.2", "face.size=16"});
  std::string command = "evaluate " + at("m.safetensors") + " --json --other-cut --data ";
  Outcome outcome = run(command + at("wide.db"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(json::parse(outcome.output)["caveats"].dump(), HasSubstr("face.margin is 0.4, not 0.2"));
  EXPECT_EQ(run(command + at("large.db")).exit_code, 2);
}

TEST_F(Cut, of_ready_crops_counts_as_the_models_where_the_recipe_states_its_margin) {
  write_model(kDetected);
  make_store("ready.db", {"face.margin=0.2"});
  make_store("other.db", {"face.margin=0.4"});
  Outcome outcome = run("evaluate " + at("m.safetensors") + " --json --data " + at("ready.db"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(json::parse(outcome.output)["caveats"].dump(), HasSubstr("cut out beforehand"));
  EXPECT_THAT(run("evaluate " + at("m.safetensors") + " --data " + at("other.db")).output,
              HasSubstr("face.margin is 0.4"));
}

TEST_F(Cut, by_another_detector_than_the_models_is_warned_of) {
  base::write_file(folder_ / "a.png", image::encode_png(image::make_image(20, 30, 3)));
  write_model({"face.detect=true", "face.detector=yunet.onnx"});
  Outcome outcome = run("predict --model " + at("m.safetensors") + " --detector hog " + at("a.png"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("warning: the faces are not cut out like those that the model was trained on "
                                        "(face.detector is hog, not yunet.onnx)"));
  write_model(kDetected);
  EXPECT_THAT(run("predict --model " + at("m.safetensors") + " --crops " + at("a.png")).output,
              Not(HasSubstr("warning")));
}

// Portraits, of which a model of labels' boxes says the age, and a wiki.mat whose boxes are those that predict found.
class LabelledCut : public Cut {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "pictures/01");
    for (std::uint32_t who = 0; who < 6; ++who) {
      demo::Portrait portrait =
          demo::draw_portrait(10 + 12 * who, catalog::Gender::female, 240, 240, {1, base::Purpose::test, 0, who});
      base::write_file(folder_ / "pictures" / name(who), image::encode_png(portrait.image));
    }
  }
  static std::string name(std::size_t who) { return fmt::format("01/{}.png", who); }

  json predict(const std::string& arguments) const {
    return json::parse(run("predict --json --model " + at("m.safetensors") + " " + arguments + " 2>/dev/null").output);
  }

  // The rows of those in whom predict found one face.
  void write_labels(const json& found) const {
    std::vector<demo::WikiRow> rows;
    base::Random random(1, base::Purpose::test, 1, 0);
    for (const json& face : found) {
      if (face["box"].is_null()) continue;
      auto edge = [&](std::size_t i) { return face["box"][i].get<double>(); };
      demo::WikiRow row;
      row.photo_taken = 2000;
      row.dob = demo::day_of_birth(30, 2000, random);
      row.full_path = std::filesystem::relative(face["file"].get<std::string>(), folder_ / "pictures");
      row.name = row.full_path;
      row.face = {edge(0), edge(1), edge(2), edge(3)};
      row.face_score = 3;
      rows.push_back(row);
    }
    demo::write_wiki_mat(at("wiki.mat"), rows);
  }

  // By file.
  std::map<std::string, double> evaluated() const {
    std::map<std::string, double> ages;
    for (const char* part : {"train", "test"}) {
      Outcome outcome =
          run("evaluate " + at("m.safetensors") + " --json --data " + at("faces.db") + " --split " + part);
      EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
      json evaluation = json::parse(outcome.output);
      for (const json& one : evaluation["worst"]) ages[one["file"]] = one["estimate"];
    }
    return ages;
  }
};

TEST_F(LabelledCut, is_the_same_in_predict_by_the_detectors_box_and_by_a_given_one_as_in_prepare) {
  write_model({"face.crop=true", "face.margin=0.3", "face.size=128"});
  json found = predict(at("pictures"));
  write_labels(found);
  Outcome prepared = run("prepare " + at("faces.db") + " --labels " + at("wiki.mat") + " --pictures " + at("pictures") +
                         " --set face.crop=true --set face.margin=0.3 --set face.size=128 --set split.train=0.5");
  ASSERT_EQ(prepared.exit_code, 0) << prepared.output;
  std::map<std::string, double> ages = evaluated();
  ASSERT_GE(ages.size(), 4U);
  for (const json& face : found) {
    if (face["box"].is_null()) continue;
    std::string file = face["file"];
    double age = ages.at(std::filesystem::relative(file, folder_ / "pictures"));
    EXPECT_NEAR(face["age"].get<double>(), age, 1e-3) << file;
    std::string box = face["box"].dump();
    EXPECT_NEAR(predict("--box " + box.substr(1, box.size() - 2) + " " + file)[0]["age"].get<double>(), age, 1e-3);
    // The whole picture is another face to it.
    EXPECT_GT(std::abs(predict("--crops " + file)[0]["age"].get<double>() - age), 0.02) << file;
  }
}

TEST_F(LabelledCut, is_of_no_picture_in_which_no_face_is_found) {
  write_model({"face.crop=true"});
  base::write_file(folder_ / "dark.png", image::encode_png(image::make_image(60, 60, 1)));
  json found = predict(at("dark.png"));
  EXPECT_TRUE(found[0]["box"].is_null());
  EXPECT_TRUE(found[0]["age"].is_null());
}

TEST_F(LabelledCut, must_be_given_as_four_numbers_or_five_of_one_picture) {
  write_model({"face.crop=true"});
  std::string command = "predict --model " + at("m.safetensors") + " ", picture = " " + at("pictures/01/0.png");
  for (const char* box : {"1,2,3", "1,2,3,4,5,6", "1,2,x,4"})
    EXPECT_THAT(run(fmt::format("{}--box {}{}", command, box, picture)).output, HasSubstr("LEFT,TOP,RIGHT,BOTTOM"));
  EXPECT_EQ(run(command + "--box 1,2,3,4" + picture + picture).exit_code, 2);
  Outcome empty = run(command + "--box 50,50,50,90" + picture);
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_THAT(empty.output, HasSubstr("0.png: the face's box is empty"));
}

}  // namespace
}  // namespace agewise::app
