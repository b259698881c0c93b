// import and export as a user meets them: a model that tells bright pictures from dark ones, to ONNX and back.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "agewise/weights/onnx_writer.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"

namespace agewise::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Convert : public testing::Test {
 protected:
  Convert() {
    std::filesystem::create_directories(folder_);
    estimate::Model model = estimate::small_model("[predict]\npoint_estimate = \"argmax\"");
    // Class 2 where the mean pixel is above 128, class 0 below.
    std::span<float> weights = estimate::parameter(model, "outputs.weight");
    std::fill(weights.begin() + 128, weights.end(), 1 / 64.0F);
    estimate::parameter(model, "outputs.bias")[2] = -128;
    estimate::write_model(folder_ / "m.safetensors", model);
    for (int grey : {5, 250}) {
      image::Image image = image::make_image(8, 8, 1);
      std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
      base::write_file(folder_ / (std::to_string(grey) + ".png"), image::encode_png(image));
    }
  }
  ~Convert() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("convert" + std::to_string(::getpid()));
};

// Three outputs that nothing says the ages of: imported they are the years 0, 1 and 2, the age their mean. In the dark
// the first two are equally likely.
TEST_F(Convert, a_model_exported_to_onnx_and_imported_again_tells_bright_from_dark) {
  Outcome exported = run("export " + at("m.safetensors") + " -o " + at("m.onnx"));
  ASSERT_EQ(exported.exit_code, 0) << exported.output;
  Outcome imported = run("import " + at("m.onnx") + " -o " + at("again.safetensors"));
  ASSERT_EQ(imported.exit_code, 0) << imported.output;
  EXPECT_THAT(run("predict --model " + at("again.safetensors") + " " + at("250.png")).output, StartsWith("  2.0"));
  EXPECT_THAT(run("predict --model " + at("again.safetensors") + " " + at("5.png")).output, StartsWith("  0.5"));
}

TEST_F(Convert, an_imported_network_says_which_ages_it_gives_on_the_first_pictures) {
  run("export " + at("m.safetensors") + " -o " + at("m.onnx"));
  run("import " + at("m.onnx") + " -o " + at("again.safetensors"));
  std::string pictures = at("5.png") + " " + at("250.png");
  EXPECT_THAT(run("predict --model " + at("again.safetensors") + " " + pictures).output,
              AllOf(HasSubstr("the imported network gives ages from 0.5 to 2.0 on the first 2 faces"),
                    Not(HasSubstr("are these not ages in years?"))));
  EXPECT_THAT(run("predict --model " + at("m.safetensors") + " " + pictures).output,
              Not(HasSubstr("the imported network")));
}

// One output is an age in years: half the mean pixel less 1 here. 250 gives 124, and 0 gives -1.
TEST_F(Convert, an_imported_network_whose_ages_cannot_be_is_warned_of) {
  estimate::Model model = estimate::small_model("loss = \"regression\"");
  std::ranges::fill(estimate::parameter(model, "outputs.weight"), 0.5F / 64);
  estimate::parameter(model, "outputs.bias")[0] = -1;
  weights::write_onnx(folder_ / "years.onnx", model.graph, model.parameters, {});
  Outcome imported = run("import " + at("years.onnx") + " -o " + at("years.safetensors"));
  ASSERT_EQ(imported.exit_code, 0) << imported.output;
  auto said_of = [&](int grey) {
    image::Image image = image::make_image(8, 8, 1);
    std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
    base::write_file(folder_ / "one.png", image::encode_png(image));
    return run("predict --model " + at("years.safetensors") + " " + at("one.png")).output;
  };
  for (auto [grey, age] : {std::pair{250, "124.0"}, {244, "121.0"}, {0, "-1.0"}}) {
    EXPECT_THAT(said_of(grey),
                AllOf(HasSubstr(std::string("gives ages from ") + age + " to " + age),
                      HasSubstr("on the first 1 face: are these not ages in years? Import it with the --mean, "
                                "--scale and --bgr that it was trained with")));
  }
  for (int grey : {242, 2}) EXPECT_THAT(said_of(grey), Not(HasSubstr("are these not ages in years?")));  // 120 and 0
}

// The second member is sure of class 1, whatever it sees.
TEST_F(Convert, an_ensemble_becomes_one_network_with_an_output_a_member) {
  estimate::Model model = estimate::read_model(folder_ / "m.safetensors");
  std::vector<float> second(model.parameters.size());
  second[second.size() - 2] = 100;
  model.further_members.push_back(estimate::member_in_memory(model.graph, second));
  estimate::write_model(folder_ / "two.safetensors", model);
  Outcome exported = run("export " + at("two.safetensors") + " -o " + at("two.onnx"));
  ASSERT_EQ(exported.exit_code, 0) << exported.output;
  for (auto [output, age] : {std::pair{"probabilities", "  2.0"}, {"probabilities2", "  1.0"}}) {
    Outcome imported = run("import " + at("two.onnx") + " --output " + output + " -o " + at("one.safetensors"));
    ASSERT_EQ(imported.exit_code, 0) << imported.output;
    EXPECT_THAT(run("predict --model " + at("one.safetensors") + " " + at("250.png")).output, StartsWith(age));
  }
}

TEST_F(Convert, a_model_exported_to_safetensors_is_its_arrays_by_name) {
  ASSERT_EQ(run("export " + at("m.safetensors") + " -o " + at("arrays.safetensors")).exit_code, 0);
  weights::SafetensorsFile file(folder_ / "arrays.safetensors");
  estimate::Model model = estimate::read_model(folder_ / "m.safetensors");
  std::span<float> weights = estimate::parameter(model, "outputs.weight");
  EXPECT_EQ(file.read("outputs.weight"), std::vector<float>(weights.begin(), weights.end()));
  EXPECT_EQ(file.shape("outputs.weight"), (std::vector<std::int64_t>{3, 64}));
  EXPECT_EQ(file.read("outputs.bias"), (std::vector<float>{0, 0, -128}));
}

// A network that always answers alike takes half of the other's weights.
TEST_F(Convert, the_mean_of_two_networks_is_written_and_names_the_other) {
  estimate::Model model = estimate::read_model(folder_ / "m.safetensors");
  std::ranges::fill(model.parameters, 0.0F);
  estimate::write_model(folder_ / "zero.safetensors", model);
  Outcome outcome =
      run("export " + at("m.safetensors") + " --average " + at("zero.safetensors") + " -o " + at("mean.safetensors"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(weights::SafetensorsFile(folder_ / "mean.safetensors").read("outputs.bias"),
            (std::vector<float>{0, 0, -64}));
  EXPECT_EQ(estimate::read_model(folder_ / "mean.safetensors").notes.at("averaged with"),
            at("zero.safetensors") + ", whose share is 0.5");
  EXPECT_EQ(run("export " + at("m.safetensors") + " --share 0.75 -o " + at("no.safetensors")).exit_code, 2);
  std::string others = " --average " + at("zero.safetensors") + " --force -o " + at("mean.safetensors");
  auto bias_of = [&] { return weights::SafetensorsFile(folder_ / "mean.safetensors").read("outputs.bias")[2]; };
  ASSERT_EQ(run("export " + at("m.safetensors") + " --share 0.75" + others).exit_code, 0);
  EXPECT_FLOAT_EQ(bias_of(), -96);
  ASSERT_EQ(run("export " + at("m.safetensors") + " --average " + at("m.safetensors") + others).exit_code, 0);
  EXPECT_FLOAT_EQ(bias_of(), -128 * 2.0F / 3);
  outcome = run("export " + at("m.safetensors") + " --average " + at("5.png") + " -o " + at("mean.onnx"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr(at("5.png")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "mean.onnx"));
}

TEST_F(Convert, what_is_no_network_is_refused_with_the_files_name_and_nothing_is_written) {
  base::write_file(folder_ / "cut.onnx", std::string_view("\x08\x07\x12", 3));
  base::write_file(folder_ / "text.pth", std::string_view("no weights"));
  for (const char* name : {"cut.onnx", "text.pth", "missing.onnx", "5.png"}) {
    Outcome outcome = run("import " + at(name) + " -o " + at("out.safetensors"));
    EXPECT_NE(outcome.exit_code, 0) << name;
    EXPECT_THAT(outcome.output, AllOf(StartsWith("agewise: "), HasSubstr(at(name))));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.safetensors"));
  }
  Outcome outcome = run("export " + at("missing") + " -o " + at("out.onnx"));
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr(at("missing")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.onnx"));
}

TEST_F(Convert, a_gender_head_has_no_place_in_onnx_and_goes_into_safetensors) {
  estimate::Model model = estimate::small_model();
  model.recipe.train.gender_weight = 0.5;
  model.graph = estimate::graph_of(model.recipe, model.classes);
  model.parameters.assign(4 * 65, 0.25F);
  estimate::write_model(folder_ / "gender.safetensors", model);
  Outcome refused = run("export " + at("gender.safetensors") + " -o " + at("gender.onnx"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("this model has a gender head"));
  EXPECT_EQ(run("export " + at("gender.safetensors") + " -o " + at("arrays.safetensors")).exit_code, 0);
}

TEST_F(Convert, calibrating_without_a_store_says_which_is_missing) {
  Outcome outcome =
      run("calibrate " + at("m.safetensors") + " --data " + at("none.db") + " -o " + at("out.safetensors"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr(at("none.db")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out.safetensors"));
}

}  // namespace
}  // namespace agewise::app
