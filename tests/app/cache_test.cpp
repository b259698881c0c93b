// Where the program remembers which kernels are fastest, and what it says where it cannot.
#include <gmock/gmock.h>

#include <algorithm>

#include "agewise/base/files.h"
#include "agewise/image/encode.h"
#include "agewise/nn/graph.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using testing::HasSubstr;

class Cache : public testing::Test {
 protected:
  // A convolution of 3 × 3 at stride 1: for others there is one kernel, and nothing to time.
  Cache() {
    estimate::Model model;
    model.recipe = recipe::parse_recipe(R"(
      name = "timed"
      [face]
      size = 8
      [classes]
      edges = [30, 60]
      [train]
      batch = 2
      [[network.layers]]
      kind = "convolution"
      name = "conv"
      channels = 16
      kernel = 3
      pad = 1
      [[network.layers]]
      kind = "fully-connected"
      name = "out"
      outputs = "classes"
    )",
                                        "a test's recipe");
    model.classes = recipe::classes_of(model.recipe.classes);
    model.graph = estimate::graph_of(model.recipe, model.classes);
    model.parameters = nn::initial_parameters(model.graph, 1);
    estimate::write_model(folder_ / "m.safetensors", model);
    base::write_file(folder_ / "p.png", image::encode_png(image::make_image(8, 8, 1)));
  }

  // predict with the kernels that are best, in this environment.
  Outcome predict(const std::string& environment) const {
    return run_command("cd " + (folder_ / "").string() + " && env -u XDG_CACHE_HOME " + environment +
                       " " AGEWISE_PROGRAM " --threads 1 predict --model m.safetensors p.png");
  }

  train::tiny::Folder folder_;
};

TEST_F(Cache, lies_in_the_users_cache_folder) {
  Outcome outcome = predict("HOME=" + (folder_ / "home").string());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "home/.cache/agewise/kernels.json"));
  EXPECT_EQ(predict("XDG_CACHE_HOME=" + (folder_ / "cache").string()).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/agewise/kernels.json"));
}

// XDG Base Directory Specification: "If an implementation encounters a relative path in any of these variables it
// should consider the path invalid and ignore it."
TEST_F(Cache, of_a_relative_name_is_ignored) {
  EXPECT_EQ(predict("XDG_CACHE_HOME=relative HOME=" + (folder_ / "home").string()).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "relative"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "home/.cache/agewise/kernels.json"));
}

// In /proc nobody can make a folder, root neither.
TEST_F(Cache, that_cannot_be_written_costs_one_line_and_nothing_else) {
  Outcome outcome = predict("HOME=/proc/nobody");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              HasSubstr("agewise: warning: /proc/nobody/.cache/agewise: the tuning cache cannot be written"));
  EXPECT_THAT(outcome.output, HasSubstr("p.png"));
  EXPECT_EQ(std::ranges::count(outcome.output, '\n'), 2);
}

}  // namespace
}  // namespace agewise::app
