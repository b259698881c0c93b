// --set predict.KEY=VALUE, of a model that is trained and calibrated.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Settings : public testing::Test {
 protected:
  Settings() {
    estimate::Model model = estimate::small_model();
    estimate::parameter(model, "outputs.bias")[2] = 1;  // 70 years are the likeliest
    estimate::write_model(folder_ / "m.safetensors", model);
    train::tiny::make_store(folder_ / "faces.db", {.train = 10, .val = 60}, model.recipe);
    base::write_file(folder_ / "a.png", image::encode_png(image::make_image(8, 8, 1)));
    EXPECT_EQ(
        run("calibrate " + at("m.safetensors") + " --data " + at("faces.db") + " -o " + at("c.safetensors")).exit_code,
        0);
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Outcome predict(const std::string& model, const std::string& options = "") const {
    return run("predict --json --model " + at(model) + " " + options + " " + at("a.png"));
  }

  train::tiny::Folder folder_;
};

TEST_F(Settings, of_predict_change_the_age_and_drop_the_interval_with_a_word) {
  EXPECT_THAT(predict("c.safetensors").output, HasSubstr("\"interval\""));
  Outcome changed = predict("c.safetensors", "--set predict.point_estimate=argmax");
  EXPECT_EQ(changed.exit_code, 0);
  EXPECT_THAT(changed.output, AllOf(HasSubstr("intervals were calibrated on other estimates"), HasSubstr("\"age\":70"),
                                    Not(HasSubstr("\"interval\""))));
}

TEST_F(Settings, that_a_model_is_calibrated_or_exported_with_stay_in_its_file) {
  ASSERT_EQ(run("calibrate " + at("m.safetensors") + " --data " + at("faces.db") +
                " --set predict.point_estimate=argmax -o " + at("argmax.safetensors"))
                .exit_code,
            0);
  EXPECT_THAT(predict("argmax.safetensors").output, AllOf(HasSubstr("\"age\":70"), HasSubstr("\"interval\"")));
  Outcome exported = run("export " + at("c.safetensors") + " --set predict.flip=true -o " + at("flip.safetensors"));
  EXPECT_EQ(exported.exit_code, 0);
  EXPECT_THAT(exported.output, HasSubstr("intervals were calibrated on other estimates"));
  estimate::Model flip = estimate::read_model(folder_ / "flip.safetensors");
  EXPECT_TRUE(flip.recipe.predict.flip);
  EXPECT_FALSE(flip.intervals);
  EXPECT_EQ(run("export " + at("c.safetensors") + " --set predict.dropout=true -o " + at("d.onnx")).exit_code, 2);
}

TEST_F(Settings, other_than_the_models_own_are_told_beside_the_figures) {
  std::string command = "evaluate " + at("c.safetensors") + " --data " + at("faces.db");
  Outcome as_it_is = run(command);
  EXPECT_EQ(as_it_is.exit_code, 0) << as_it_is.output;
  EXPECT_THAT(as_it_is.output, Not(HasSubstr("with other settings")));
  EXPECT_THAT(run(command + " --json --set predict.point_estimate=argmax").output,
              HasSubstr("The ages were estimated with other settings than the model's own: predict.point_estimate = "
                        "'argmax', not 'expected-value'."));
}

TEST_F(Settings, other_than_a_runs_own_leave_its_report_alone) {
  train::tiny::make_store(folder_ / "own.db");
  base::write_file(folder_ / "tiny.toml", recipe::to_toml(train::tiny::recipe()));
  std::string recipe = " --recipe " + at("tiny.toml") + " --set train.epochs=1";
  ASSERT_EQ(run("train " + at("run") + " --data " + at("own.db") + recipe).exit_code, 0);
  base::write_file(folder_ / "run/report.html", std::string_view("as it was"));
  EXPECT_EQ(run("evaluate " + at("run") + " --set predict.point_estimate=argmax").exit_code, 0);
  EXPECT_EQ(base::read_text_file(folder_ / "run/report.html", 1 << 20), "as it was");
  EXPECT_EQ(run("evaluate " + at("run")).exit_code, 0);
  EXPECT_NE(base::read_text_file(folder_ / "run/report.html", 1 << 24), "as it was");
}

TEST_F(Settings, that_cannot_be_changed_any_more_are_a_wrong_use) {
  std::string model = at("c.safetensors");
  for (const std::string& command :
       {"predict --model " + model + " " + at("a.png"), "evaluate " + model + " --data " + at("faces.db"),
        "export " + model + " -o " + at("out.onnx"), "serve --port 0 --model " + model}) {
    Outcome outcome = run(command + " --set train.epochs=3");
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_THAT(outcome.output, HasSubstr("--set train.epochs: of a trained model only keys of [predict]"));
  }
}

}  // namespace
}  // namespace agewise::app
