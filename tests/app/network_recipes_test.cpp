// The recipes named after a network as a user trains them, on faces of 36×36 pixels: from scratch, from arrays under
// PyTorch's names, and from an ONNX file.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "agewise/estimate/model.h"
#include "agewise/nn/build.h"
#include "agewise/train/log.h"
#include "agewise/weights/safetensors.h"
#include "tests/app/run_program.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class SlowNetworkRecipes : public testing::TestWithParam<const char*> {
 protected:
  SlowNetworkRecipes() : recipe_(recipe::load_recipe(GetParam())) {
    recipe::Recipe small = recipe_;
    small.face.size = 36;
    small.network.size = 32;
    train::tiny::make_store(folder_ / "faces.db", {.train = 40, .val = 8}, small);
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  std::string train(const std::string& run_folder, const std::string& more) {
    Outcome outcome =
        run("train " + at(run_folder) + " --data " + at("faces.db") + " --recipe " + GetParam() +
            " --set face.size=36 --set network.size=32 --set train.batch=8 --set train.warmup_epochs=0 " + more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    return outcome.output;
  }

  // Drawn at random, written as another program would: under a prefix, nothing but arrays.
  estimate::Model write_arrays(const std::string& name) {
    estimate::Model model{recipe_, recipe::classes_of(recipe_.classes), {}, {}, {}, {}, {}};
    model.graph = estimate::graph_of(model.recipe, model.classes);
    model.parameters = nn::initial_parameters(model.graph, 77);
    std::vector<weights::TensorView> arrays;
    const float* place = model.parameters.data();
    for (const nn::ParameterInfo& info : nn::parameters_of(model.graph)) {
      arrays.push_back({"module." + info.name, info.shape, {place, static_cast<std::size_t>(info.size())}});
      place += info.size();
    }
    weights::write_safetensors(folder_ / name, {}, arrays);
    return model;
  }

  // One epoch with steps of next to nothing.
  void expect_to_begin_with(const std::string& model_file, const estimate::Model& expected) {
    std::string said = train("still", "--set train.epochs=1 --set train.learning_rate=1e-30 --from " + at(model_file));
    EXPECT_THAT(said, Not(HasSubstr("initialised at random")));
    estimate::Model trained = estimate::read_model(folder_ / "still/last.safetensors");
    ASSERT_EQ(trained.parameters.size(), expected.parameters.size());
    std::size_t place = 0;
    float largest = 0;
    for (const nn::ParameterInfo& info : nn::parameters_of(expected.graph)) {
      std::size_t end = place + static_cast<std::size_t>(info.size());
      for (; place < end; ++place) {
        if (info.trained)  // running statistics move
          largest = std::max(largest, std::abs(trained.parameters[place] - expected.parameters[place]));
      }
    }
    EXPECT_LT(largest, 1e-6F);  // their moving average rounds
  }

  recipe::Recipe recipe_;
  train::tiny::Folder folder_;
};

TEST_P(SlowNetworkRecipes, learn_from_scratch) {
  // The faces of the store differ by their brightness.
  train(
      "run",
      "--set train.epochs=5 --set train.learning_rate=0.003 --set augment.brightness=0 --set augment.contrast=0 --set "
      "augment.erase=0");
  std::vector<train::EpochRecord> log = train::read_log(folder_ / "run/log.jsonl");
  ASSERT_EQ(log.size(), 5);
  EXPECT_LT(log.back().train.mae, 0.75 * log.front().train.mae);
}

TEST_P(SlowNetworkRecipes, begin_with_arrays_of_another_program) {
  estimate::Model model = write_arrays("weights.safetensors");
  Outcome imported =
      run("import " + at("weights.safetensors") + " --architecture " + GetParam() + " -o " + at("start"));
  ASSERT_EQ(imported.exit_code, 0) << imported.output;
  expect_to_begin_with("start", model);
}

TEST_P(SlowNetworkRecipes, begin_with_an_onnx_file_that_has_its_normalisation) {
  estimate::Model model = write_arrays("weights.safetensors");
  estimate::write_model(folder_ / "model", model);
  ASSERT_EQ(run("export " + at("model") + " -o " + at("network.onnx")).exit_code, 0);
  Outcome imported = run("import " + at("network.onnx") + " -o " + at("start"));
  ASSERT_EQ(imported.exit_code, 0) << imported.output;
  expect_to_begin_with("start", model);
}

INSTANTIATE_TEST_SUITE_P(Each, SlowNetworkRecipes, testing::Values("mobilenet_v3_large", "efficientnet_lite0"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace agewise::app
