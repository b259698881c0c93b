#include "agewise/estimate/model.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "tests/estimate/small_model.h"

namespace agewise::estimate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

class ModelFile : public testing::Test {
 protected:
  ModelFile() { std::filesystem::create_directory(folder_); }
  ~ModelFile() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("model" + std::to_string(::getpid()));
  std::filesystem::path path_ = folder_ / "m.safetensors";
};

TEST_F(ModelFile, holds_everything_that_happens_to_a_picture) {
  Model model = small_model();
  for (std::size_t i = 0; i < model.parameters.size(); ++i) model.parameters[i] = 0.1F * static_cast<float>(i);
  model.notes = {{"data", "faces.db: 100 faces"}, {"licence", "research only"}};
  write_model(path_, model);
  Model back = read_model(path_);
  EXPECT_EQ(recipe::to_toml(back.recipe), recipe::to_toml(model.recipe));
  EXPECT_THAT(back.classes.values, ElementsAre(20, 40, 70));
  EXPECT_THAT(back.classes.names, ElementsAre("under 30", "30–59", "60 and over"));
  EXPECT_EQ(back.parameters, model.parameters);
  EXPECT_THAT(back.notes, ElementsAre(Pair("data", "faces.db: 100 faces"), Pair("licence", "research only")));
  EXPECT_FALSE(back.whitening);
}

TEST_F(ModelFile, names_its_parameters_as_pytorch_does) {
  Model model = small_model();
  parameter(model, "outputs.bias")[1] = 5;
  write_model(path_, model);
  weights::SafetensorsFile file(path_);
  EXPECT_THAT(file.shape("outputs.weight"), ElementsAre(3, 64));
  EXPECT_THAT(file.read("outputs.bias"), ElementsAre(0, 5, 0));
}

TEST_F(ModelFile, holds_its_intervals) {
  Model model = small_model();
  model.intervals = Intervals{0.9, {}, {{0, -1.5, 3}, {40, -1.0 / 3, 7}}};
  write_model(path_, model);
  Model back = read_model(path_);
  ASSERT_TRUE(back.intervals);
  EXPECT_EQ(back.intervals->coverage, 0.9);
  ASSERT_EQ(back.intervals->groups.size(), 2U);
  EXPECT_EQ(back.intervals->groups[1].from, 40);
  EXPECT_EQ(back.intervals->groups[1].low, -1.0 / 3);
  EXPECT_EQ(back.intervals->groups[1].high, 7);
}

// Of a model of an earlier version, which is written again with other weights or settings.
TEST_F(ModelFile, holds_its_bands) {
  Model model = small_model();
  model.intervals = Intervals{0.9, {{0, 1.5, 3}, {40.25, 8, 7}}};
  write_model(path_, model);
  Model back = read_model(path_);
  ASSERT_TRUE(back.intervals);
  ASSERT_EQ(back.intervals->bands.size(), 2U);
  EXPECT_EQ(back.intervals->bands[1].from, 40.25);
  EXPECT_EQ(back.intervals->bands[1].below, 8);
  EXPECT_EQ(back.intervals->bands[1].above, 7);
  EXPECT_TRUE(back.intervals->groups.empty());
}

TEST_F(ModelFile, holds_weights_in_half_precision_and_biases_whole) {
  Model model = small_model();
  parameter(model, "outputs.weight")[0] = 1.0F / 3;
  parameter(model, "outputs.bias")[0] = 1.0F / 3;
  round_to_half(model);
  write_model(path_, model);
  Model back = read_model(path_);
  EXPECT_EQ(back.parameters, model.parameters);
  EXPECT_EQ(parameter(back, "outputs.weight")[0], 0x1.554p-2F);  // 0x3555: sign 0, exponent 13 - 15, fraction 0x155
  EXPECT_EQ(parameter(back, "outputs.bias")[0], 1.0F / 3);
  std::uintmax_t size = std::filesystem::file_size(path_);
  write_model(path_, back);
  EXPECT_EQ(std::filesystem::file_size(path_), size);  // written again it stays so
  parameter(model, "outputs.weight")[0] = 1e6F;
  EXPECT_THAT([&] { round_to_half(model); }, ThrowsMessage<base::Error>(HasSubstr("outputs.weight")));
}

TEST_F(ModelFile, embeds_its_whitening) {
  Model model = small_model();
  model.recipe.whiten.method = recipe::Whitening::zca;
  model.whitening = centring();
  write_model(path_, model);
  Model back = read_model(path_);
  ASSERT_TRUE(back.whitening);
  EXPECT_EQ(back.whitening->mean, model.whitening->mean);
}

TEST_F(ModelFile, fetches_a_whitening_that_it_names_from_beside_it) {
  Model model = small_model();
  model.recipe.whiten.method = recipe::Whitening::zca;
  whiten::write_zca(folder_ / "whiten.safetensors", centring());
  model.whitening_hash = base::content_hash(base::read_file(folder_ / "whiten.safetensors", 1 << 20));
  write_model(path_, model);
  EXPECT_EQ(read_model(path_).whitening->mean, centring().mean);

  whiten::Zca other = centring();
  other.mean[0] = 0;
  whiten::write_zca(folder_ / "whiten.safetensors", other);
  EXPECT_THAT([&] { read_model(path_); },
              ThrowsMessage<base::Error>(HasSubstr("whiten.safetensors: is not the whitening transform that")));
  std::filesystem::remove(folder_ / "whiten.safetensors");
  EXPECT_THAT([&] { read_model(path_); },
              ThrowsMessage<base::Error>(HasSubstr("needs whiten.safetensors of its run in the same folder")));
}

TEST_F(ModelFile, may_carry_an_attachment_that_readers_of_the_model_pass_over) {
  std::vector<float> momentum{1, 2, 3};
  write_model(path_, small_model(), {{{"train.epoch", "7"}}, {{"train.momentum", {3}, momentum}}});
  EXPECT_EQ(read_model(path_).parameters.size(), 195U);
  EXPECT_EQ(weights::SafetensorsFile(path_).read("train.momentum"), momentum);
}

// first, first + 1 …
std::vector<float> numbers(float first, std::size_t count) {
  std::vector<float> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

TEST_F(ModelFile, holds_all_members_of_an_ensemble) {
  Model model = small_model();
  for (float value : {1.0F, 2.0F})
    model.further_members.push_back(member_in_memory(model.graph, numbers(value, model.parameters.size())));
  write_model(path_, model);
  Model read = read_model(path_);
  ASSERT_EQ(read.further_members.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(parameters_of_member(read.graph, read.further_members[i]), numbers(static_cast<float>(i + 1), 195));
  EXPECT_THAT(weights::SafetensorsFile(path_).read("member3.outputs.bias"), ElementsAre(194, 195, 196));
  write_model(path_, read);  // over the file in which its members are
  EXPECT_EQ(parameters_of_member(read.graph, read_model(path_).further_members[1]), numbers(2, 195));
  read.further_members[1] = member_in_file(path_);  // the first network, from the file that is written over
  write_model(path_, read);
  EXPECT_EQ(parameters_of_member(read.graph, read_model(path_).further_members[1]), read.parameters);
}

TEST_F(ModelFile, of_an_ensemble_in_half_precision_holds_all_members_rounded) {
  Model model = small_model();
  model.further_members.push_back(
      member_in_memory(model.graph, std::vector<float>(model.parameters.size(), 1 + 0x1p-12F)));
  round_to_half(model);
  write_model(path_, model);
  std::vector<float> second = parameters_of_member(model.graph, read_model(path_).further_members[0]);
  EXPECT_EQ(second.front(), 1) << "a weight";
  EXPECT_EQ(second.back(), 1 + 0x1p-12F) << "a bias";
  EXPECT_EQ(second, parameters_of_member(model.graph, model.further_members[0]));
  Model large = small_model();
  large.further_members.push_back(member_in_memory(large.graph, std::vector<float>(large.parameters.size(), 70000)));
  EXPECT_THAT([&] { round_to_half(large); }, ThrowsMessage<base::Error>(HasSubstr("too large for half precision")));
}

TEST(Member, of_another_network_is_refused) {
  Model model = small_model();
  Member member = member_in_memory(model.graph, model.parameters);
  model.graph.layers.back().shape.channels = 4;
  std::get<nn::layer::FullyConnected>(model.graph.layers.back().kind).outputs = 4;
  EXPECT_THROW(parameters_of_member(model.graph, member), std::invalid_argument);
}

TEST_F(ModelFile, lacks_a_member_that_it_speaks_of) {
  for (auto [members, message] : {std::pair{"2", "has no array \"member2.outputs.weight\""},
                                  {"1", "metadata members: is not a number from 2"},
                                  {"99999999999", "metadata members: is not a number from 2"}}) {
    write_model(path_, small_model(), {{{"members", members}}, {}});
    EXPECT_THAT([&] { read_model(path_); }, ThrowsMessage<base::Error>(HasSubstr(message))) << members;
  }
}

// The released dex_imdb_wiki has 134,674,341 parameters.
TEST(GraphOf, dex_has_as_many_parameters_as_the_released_network) {
  for (const char* name : {"dex", "dex-lap"}) {
    recipe::Recipe recipe = recipe::load_recipe(name);
    nn::Graph graph = graph_of(recipe, recipe::classes_of(recipe.classes));
    EXPECT_EQ(nn::parameter_count(nn::parameters_of(graph)), 134'674'341) << name;
  }
}

// VGG-16's 13 convolutions have 14,714,688 parameters; 25088 → 4096 → 512 → 4 come after them.
TEST(GraphOf, seed_vgg_learns_its_classifier_only) {
  recipe::Recipe recipe = recipe::load_recipe("seed-vgg");
  std::int64_t held = 0, learned = 0;
  for (const nn::ParameterInfo& parameter : nn::parameters_of(graph_of(recipe, recipe::classes_of(recipe.classes))))
    (parameter.lr_multiplier == 0 ? held : learned) += parameter.size();
  EXPECT_EQ(held, 14'714'688);
  EXPECT_EQ(learned, 25088LL * 4096 + 4096 + 4096 * 512 + 512 + 512 * 4 + 4);
}

TEST(GraphOf, refuses_a_network_that_does_not_fit_the_recipe) {
  auto problem = [](const std::function<void(recipe::Recipe&)>& change) {
    recipe::Recipe recipe = small_model().recipe;
    change(recipe);
    try {
      graph_of(recipe, recipe::classes_of(recipe.classes));
    } catch (const base::UsageError& error) {
      return std::string(error.what());
    }
    return std::string("was taken");
  };
  EXPECT_THAT(problem([](recipe::Recipe& r) {
                r.network.mean = {1, 2};
              }),
              "network.mean must have one number per channel: 1");
  EXPECT_THAT(problem([](recipe::Recipe& r) {
                r.network.layers.push_back({"relu", "other", {"input"}});
              }),
              HasSubstr("one layer that no other layer reads"));
  EXPECT_THAT(problem([](recipe::Recipe& r) { r.network.layers[0].options["outputs"] = std::int64_t{2}; }),
              "layer outputs: outputs 2 × 1 × 1 numbers, but the loss needs 3");
}

}  // namespace
}  // namespace agewise::estimate
