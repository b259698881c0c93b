#include "agewise/estimate/average.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "agewise/base/error.h"
#include "tests/estimate/small_model.h"

namespace agewise::estimate {
namespace {

using testing::Each;
using testing::HasSubstr;

class Average : public testing::Test {
 protected:
  Average() { std::filesystem::create_directories(folder_); }
  ~Average() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::filesystem::path written(const std::string& name, const Model& model) const {
    write_model(folder_ / name, model);
    return folder_ / name;
  }
  std::filesystem::path written(const std::string& name, float value) const {
    Model model = small_model();
    std::ranges::fill(model.parameters, value);
    return written(name, model);
  }
  // What is said where a model of these tables, changed so, is averaged with the plain one.
  std::string refusal(const std::string& tables, const std::function<void(Model&)>& change = {}) const {
    Model other = small_model(tables), model = small_model();
    if (change) change(other);
    std::filesystem::path file = written("other.safetensors", other);
    try {
      average_weights(model, std::vector{file}, 0.5);
    } catch (const base::UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(file.string()));
      return error.what();
    }
    return "none";
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("average" + std::to_string(::getpid()));
};

TEST_F(Average, the_weights_are_a_mean_of_all_and_what_was_measured_of_one_is_gone) {
  Model model = small_model();
  std::ranges::fill(model.parameters, 2.0F);
  model.notes = {{"licence", "CC0"}, {"measured", "4.59"}, {"intervals", "90 %"}};
  model.intervals = Intervals{};
  average_weights(model, std::vector{written("four.safetensors", 4), written("nine.safetensors", 9)}, 0.2);
  EXPECT_THAT(model.parameters, Each(testing::FloatEq(5.6F)));  // 0.2 · 2 + 0.8 · 6.5
  EXPECT_FALSE(model.intervals);
  EXPECT_EQ(
      model.notes,
      (std::map<std::string, std::string>{
          {"licence", "CC0"},
          {"averaged with", at("four.safetensors") + " and " + at("nine.safetensors") + ", whose share is 0.8"}}));
}

// Of the other's terms none is lost, and a name that is not UTF-8 does not keep the file from being written.
TEST_F(Average, what_the_others_must_not_be_used_for_the_mean_must_not_either) {
  Model model = small_model(), other = small_model();
  model.notes = {{"licence", "CC BY 4.0"}};
  other.notes = {{"licence", "research only"}, {"not for", "deciding about anybody"}};
  average_weights(model, std::vector{written("\xE9.safetensors", other)}, 0.5);
  EXPECT_EQ(model.notes.at("licence"), "CC BY 4.0; research only");
  EXPECT_EQ(model.notes.at("not for"), "deciding about anybody");
  EXPECT_NO_THROW(written("mean.safetensors", model));
}

TEST_F(Average, a_network_that_is_another_is_refused_by_the_name_of_its_file) {
  EXPECT_EQ(refusal(""), "none");
  EXPECT_THAT(refusal("[network]\nscale = 0.5"), HasSubstr("sees pixels of another scale, mean or channel order"));
  EXPECT_THAT(refusal("", [](Model& model) { model.classes.values[1] = 41; }), HasSubstr("has other age classes"));
  EXPECT_THAT(refusal("loss = \"regression\""), HasSubstr("has other parameters"));
  auto found = [](Model& model) {
    model.recipe.face.detect = true;
    model.recipe.face.margin = 0.2;
  };
  EXPECT_THAT(refusal("", [](Model& model) { model.recipe.network.mean = {1}; }), HasSubstr("sees pixels of another"));
  EXPECT_THAT(refusal("", [](Model& model) { model.recipe.network.bgr = true; }), HasSubstr("sees pixels of another"));
  EXPECT_THAT(refusal("",
                      [](Model& model) {
                        model.recipe.whiten.method = recipe::Whitening::zca;
                        model.whitening = centring();
                      }),
              HasSubstr("whitens"));
  EXPECT_THAT(refusal("", found), HasSubstr("sees other faces: face.detect is true, not false"));
  EXPECT_THAT(
      refusal("",
              [](Model& model) { model.further_members.push_back(member_in_memory(model.graph, model.parameters)); }),
      HasSubstr("is an ensemble"));
}

TEST_F(Average, an_ensemble_a_network_that_whitens_and_no_share_have_no_mean_with_others) {
  Model ensemble = small_model(), whitens = small_model();
  ensemble.further_members.push_back(member_in_memory(ensemble.graph, ensemble.parameters));
  whitens.recipe.whiten.method = recipe::Whitening::zca;
  std::vector others = {written("other.safetensors", 1)};
  EXPECT_THROW(average_weights(ensemble, others, 0.5), base::UsageError);
  Model model = small_model();
  for (double share : {0.0, 1.0, std::nan("")}) EXPECT_THROW(average_weights(model, others, share), base::UsageError);
  EXPECT_THROW(average_weights(whitens, others, 0.5), base::UsageError);
}

}  // namespace
}  // namespace agewise::estimate
