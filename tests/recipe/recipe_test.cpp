#include "agewise/recipe/recipe.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/recipe/keys.h"

namespace agewise::recipe {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(const std::string& toml) {
  try {
    parse_recipe(toml, "my.toml");
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "no error";
}

std::string set_error(const std::string& assignment) {
  try {
    Recipe recipe = load_recipe("seed");
    set_option(recipe, assignment);
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Recipe, seed_is_the_articles_method) {
  Recipe seed = load_recipe("seed");
  EXPECT_EQ(seed.face.size, 128);
  EXPECT_EQ(seed.face.colour, Colour::grey);
  EXPECT_EQ(seed.classes.edges, (std::vector<double>{30, 45, 60}));
  EXPECT_EQ(seed.train.optimiser, Optimiser::rmsprop);
  EXPECT_EQ(seed.train.learning_rate, 1e-3);
  EXPECT_EQ(seed.train.alpha, 0.9);
  EXPECT_EQ(seed.train.batch, 128);
  EXPECT_EQ(seed.train.epochs, 100);
  EXPECT_EQ(seed.whiten.method, Whitening::zca);
  EXPECT_FALSE(seed.predict.dropout);
}

TEST(Recipe, seed_as_published_has_each_defect_of_the_scripts) {
  Recipe published = load_recipe("seed-as-published");
  EXPECT_EQ(published.screen.age_rule, AgeRule::year_difference);
  EXPECT_EQ(published.screen.second_face, SecondFace::require);
  EXPECT_TRUE(std::isinf(published.screen.min_face_score));
  EXPECT_EQ(published.split.rule, SplitRule::ordered);
  EXPECT_EQ(published.whiten.epsilon, 0);
  EXPECT_TRUE(published.predict.dropout);
  EXPECT_TRUE(published.predict.batch_statistics);
}

TEST(Recipe, every_built_in_one_survives_being_written_and_read_back) {
  for (const auto& [name, text] : built_in_recipes()) {
    std::string written = to_toml(load_recipe(name));
    EXPECT_EQ(to_toml(parse_recipe(written, name)), written) << name;
  }
}

// "conv3-64 relu pool conv3-128 …": the words of Simonyan and Zisserman's table 1, and the rectification after each
// hidden layer, which the table leaves out.
std::string words_of(const std::vector<LayerRecipe>& layers) {
  auto number = [](const LayerRecipe& layer, const char* key) {
    return std::to_string(std::get<std::int64_t>(layer.options.at(key)));
  };
  std::string words;
  for (const LayerRecipe& layer : layers) {
    std::string word = layer.kind;
    if (word == "convolution") word = "conv" + number(layer, "kernel") + "-" + number(layer, "channels");
    if (word == "fully-connected") {
      bool last = layer.options.at("outputs") == LayerValue("classes");
      word = "FC-" + (last ? "classes" : number(layer, "outputs"));
    }
    words += (words.empty() ? "" : " ") + word;
  }
  return words;
}

constexpr const char* kVgg16Convolutions =
    "conv3-64 relu conv3-64 relu max-pool conv3-128 relu conv3-128 relu max-pool "
    "conv3-256 relu conv3-256 relu conv3-256 relu max-pool conv3-512 relu conv3-512 relu conv3-512 relu max-pool "
    "conv3-512 relu conv3-512 relu conv3-512 relu max-pool";
constexpr const char* kVgg16Classifier = " FC-4096 relu dropout FC-4096 relu dropout FC-classes";

// Simonyan and Zisserman, "Very deep convolutional networks", ICLR 2015: table 1, column D; section 2.1: padding of 1
// pixel, stride 1, pools of 2 × 2 at stride 2; section 3.1: dropout with ratio 0.5.
TEST(Dex, is_vgg16_of_the_published_table_with_a_head_of_its_own) {
  for (const char* name : {"dex", "dex-lap"}) {
    std::vector<LayerRecipe> layers = load_recipe(name).network.layers;
    EXPECT_EQ(words_of(layers), std::string(kVgg16Convolutions) + kVgg16Classifier);
    for (const LayerRecipe& layer : layers) {
      EXPECT_TRUE(layer.from.empty());
      if (layer.kind == "convolution") {
        EXPECT_EQ(layer.options.at("pad"), LayerValue(1)) << layer.name;
        EXPECT_FALSE(layer.options.contains("stride")) << layer.name;  // 1
      }
      if (layer.kind == "max-pool") {
        EXPECT_EQ(layer.options.at("kernel"), LayerValue(2)) << layer.name;
      }
      if (layer.kind == "dropout") {
        EXPECT_EQ(layer.options.at("rate"), LayerValue(0.5));
      }
    }
    EXPECT_EQ(layers.back().name, "fc8-101");  // of DEX's own Caffe file
    EXPECT_EQ(layers.back().options.at("lr_multiplier"), LayerValue(10));
  }
}

TEST(SeedVgg, reads_grey_pictures_with_vgg16s_convolutions_and_has_a_classifier_of_its_own) {
  std::vector<LayerRecipe> layers = load_recipe("seed-vgg").network.layers;
  EXPECT_EQ(words_of(layers),
            std::string("concat ") + kVgg16Convolutions + " FC-4096 relu dropout FC-512 relu dropout FC-classes");
}

TEST(Recipe, of_a_built_in_name_fits_on_a_screen) {
  for (const auto& [name, text] : built_in_recipes()) EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60) << name;
}

std::string names_of(const std::string& layers) {
  std::string names;
  for (const LayerRecipe& layer : parse_recipe("network.layers = [" + layers + "]", "my.toml").network.layers)
    names += layer.name + " ";
  return names;
}

TEST(NetworkBase, among_the_layers_stands_for_those_of_that_network) {
  EXPECT_EQ(names_of("{base = 'seed', before = 'bn1'}"), "conv1 ");
  EXPECT_EQ(
      names_of("{kind = 'relu', name = 'first'}, {base = 'seed', before = 'bn1'}, {kind = 'relu', name = 'last'}"),
      "first conv1 last ");
  EXPECT_EQ(names_of("{base = 'seed', before = 'conv1'}"), "");
  EXPECT_EQ(names_of("{base = 'seed'}"), names_of("{base = 'seed', before = 'fc4'}") + "fc4 ");
}

TEST(NetworkBase, says_what_is_wrong_with_an_entry) {
  auto error = [](const std::string& entry) { return error_of("network.layers = [\n" + entry + "\n]"); };
  EXPECT_THAT(error("{base = 'vgg16', before = 'fc9'}"),
              HasSubstr("my.toml, line 2: before: vgg16 has no layer called \"fc9\"; did you mean \"fc"));
  EXPECT_THAT(error("{base = 'vgg16', before = ''}"), HasSubstr("no layer called"));
  EXPECT_THAT(error("{base = 'vgg16', before = 3}"), HasSubstr("before must be a string"));
  EXPECT_THAT(error("{base = 3}"), HasSubstr("network.base must be a string"));
  EXPECT_THAT(error("{base = 'vgg16', name = 'x'}"), HasSubstr("may only have the key before, not name"));
  EXPECT_THAT(error_of("[network]\nbase = 'vgg16'\nbefore = 'fc8'"), HasSubstr("unknown key network.before"));
}

TEST(NetworkBase, named_a_thousand_times_in_a_hostile_text_is_refused) {
  std::string text = "network.layers = [";
  for (int i = 0; i < 1000; ++i) text += "{base = 'resnet10'},";
  EXPECT_THAT(error_of(text + "]"), HasSubstr("more than 10000 layers"));
}

TEST(NetworkBase, names_what_there_is_where_it_is_unknown) {
  try {
    parse_recipe("[network]\nbase = \"mobilenet\"", "test");
    FAIL();
  } catch (const base::UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("test, line 2: network.base: unknown network mobilenet; give one of "
                                        "efficientnet_lite0, mobilenet_v3_large, resnet10, seed, vgg16"));
  }
}

TEST(NetworkBase, stands_alone_and_reads_no_file_for_a_recipe_that_is_in_none) {
  EXPECT_THAT(error_of("[network]\nbase = \"vgg16\"\nlayers = []"), HasSubstr("not both"));
  EXPECT_THAT(error_of("[network]\nbase = \"net.toml\""),
              HasSubstr("only in a recipe that is itself read from a file"));
  EXPECT_THAT(error_of("network.layers = [{base = \"net.toml\"}]"),
              HasSubstr("only in a recipe that is itself read from a file"));
}

TEST(NetworkBase, may_be_a_file_beside_the_recipe) {
  auto folder = std::filesystem::temp_directory_path() / ("network_base_" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  base::write_file(folder / "net.toml", std::string("network.layers = [{kind = \"relu\"}]"));
  base::write_file(folder / "mine.toml", std::string("network.base = \"net.toml\""));
  EXPECT_EQ(load_recipe((folder / "mine.toml").string()).network.layers.front().kind, "relu");
  base::write_file(folder / "mine.toml", std::string("network.layers = [{base = \"net.toml\"}, {kind = \"tanh\"}]"));
  EXPECT_EQ(load_recipe((folder / "mine.toml").string()).network.layers.size(), 2);
  std::filesystem::remove_all(folder);
}

TEST(Recipe, keeps_the_kind_of_a_number_in_a_layer) {
  Recipe recipe =
      parse_recipe("[[network.layers]]\nkind = \"dropout\"\nrate = 1.0\nn = 1\npad = [1, 2, 3, 4]", "my.toml");
  Recipe again = parse_recipe(to_toml(recipe), "again");
  EXPECT_EQ(std::get<double>(again.network.layers[0].options.at("rate")), 1.0);
  EXPECT_EQ(std::get<std::int64_t>(again.network.layers[0].options.at("n")), 1);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(again.network.layers[0].options.at("pad")),
            (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST(RecipeError, names_file_line_and_the_nearest_key) {
  EXPECT_THAT(error_of("[train]\n\nepoch = 3\n"),
              AllOf(HasSubstr("my.toml, line 3"), HasSubstr("train.epoch"), HasSubstr("train.epochs?")));
  EXPECT_THAT(error_of("[trian]\nepochs = 3\n"), HasSubstr("did you mean [train]?"));
}

struct BadRecipe {
  const char *toml, *problem;
};

TEST(RecipeError, says_what_is_wrong_with_a_value) {
  for (const BadRecipe& bad : std::initializer_list<BadRecipe>{
           {"[train]\nepochs = \"ten\"", "train.epochs must be a whole number"},
           {"[train]\nepochs = 0", "train.epochs is 0; it must be from 1"},
           {"[train]\nepochs = 1.5", "train.epochs must be a whole number"},
           {"[train]\nlearning_rate = true", "train.learning_rate must be a number"},
           {"[train]\nlearning_rate = nan", "it must be from 0"},
           {"[train]\nloss = \"l2\"", "must be one of cross-entropy, label-distribution"},
           {"[split]\ntrain = 1.0", "split.train is 1"},
           {"[face]\ncrop = 1", "face.crop must be true or false"},
           {"[classes]\nedges = [45, 30]", "must ascend"},
           {"[classes]\nedges = [true, 45]", "classes.edges must be a list of numbers"},
           {"[classes]\nedges = [nan]", "must be finite"},
           {"[[network.layers]]\nkind = \"x\"\npad = [1.0]", "pad must be a list of whole numbers"},
           {"[classes]\nedges = 30", "classes.edges must be a list of numbers"},
           {"[classes]\nedges = [30]\nyears = 101", "not both"},
           {"[train]\nloss = \"regression\"\ndistillation_weight = 0.5", "learns from a teacher"},
           {"[train]\nselect = \"last\"\npatience = 3", "train.patience"},
           {"[screen]\nmin_age = 50\nmax_age = 40", "above screen.max_age"},
           {"network = 3", "unknown key network"},
           {"[network]\nlayers = 3", "[[network.layers]]"},
           {"[[network.layers]]\nname = \"x\"", "a layer has no kind"},
           {"[[network.layers]]\nkind = \"relu\"\nx = {}", "x must be a number"},
           {"[train\n", "line 1"},
           {"[train]\nepochs = 1\nepochs = 2", "line 3"},
       }) {
    EXPECT_THAT(error_of(bad.toml), HasSubstr(bad.problem)) << bad.toml;
  }
}

TEST(SetOption, takes_toml_values_and_bare_words) {
  Recipe recipe = load_recipe("seed");
  set_option(recipe, "train.epochs=5");
  set_option(recipe, "screen.age_rule=birth-month");
  set_option(recipe, "screen.max_age=inf");
  set_option(recipe, "classes.names=[\"a\", \"b\", \"c\", \"d\"]");
  EXPECT_EQ(recipe.train.epochs, 5);
  EXPECT_EQ(recipe.screen.age_rule, AgeRule::birth_month);
  EXPECT_TRUE(std::isinf(recipe.screen.max_age));
  EXPECT_EQ(recipe.classes.names[3], "d");
}

// "train.epochs = 100" of the written recipe is also what --set takes.
TEST(SetOption, takes_every_key_that_a_recipe_has) {
  std::string written = to_toml(load_recipe("seed-as-published")), table, line;
  Recipe recipe = load_recipe("seed-as-published");
  std::vector<std::string> assignments;
  for (std::istringstream lines(written.substr(0, written.find("[[network.layers]]"))); std::getline(lines, line);) {
    if (line.starts_with("[")) table = line.substr(1, line.size() - 2) + ".";
    if (!table.empty() && line.find('=') != std::string::npos) {
      assignments.push_back(table + line.replace(line.find(" = "), 3, "="));
    }
  }
  EXPECT_GT(assignments.size(), 20);
  set_options(recipe, assignments);
  EXPECT_EQ(to_toml(recipe), written);
}

TEST(Recipe, has_every_key_in_its_documentation) {
  std::ifstream file(AGEWISE_SOURCE_DIR "/docs/recipes.md");
  std::string documentation(std::istreambuf_iterator<char>(file), {}), table;
  for (const Key& key : recipe_keys()) {
    if (key.table.empty()) continue;
    auto begin = documentation.find("## `[" + key.table + "]`"), end = documentation.find("\n## ", begin);
    ASSERT_NE(begin, std::string::npos) << key.table;
    EXPECT_THAT(documentation.substr(begin, end - begin), HasSubstr("`" + key.name + "`")) << key.table;
  }
}

TEST(Recipe, says_which_keys_do_not_go_together) {
  EXPECT_THAT(set_error("network.size=200"), HasSubstr("network.size must not be above face.size"));
  EXPECT_THAT(set_error("network.center_crop=200"), HasSubstr("network.center_crop must not be above face.size"));
  EXPECT_THAT(set_error("network.center_crop=30"), HasSubstr("network.center_crop needs a network.size"));
  EXPECT_THAT(set_error("augment.crop=true"), HasSubstr("augment.crop needs a network.size"));
  EXPECT_THAT(set_error("augment.rotate=5"), HasSubstr("whitened pictures cannot be augmented"));
  EXPECT_THAT(set_error("predict.flip=true"), HasSubstr("predict.flip cannot be used with whitened"));
}

TEST(SetOptions, are_checked_together) {
  Recipe recipe = load_recipe("seed");
  set_options(recipe, {"classes.edges=[18]", "classes.names=[\"child\", \"adult\"]"});
  EXPECT_EQ(recipe.classes.edges.size(), 1);
  EXPECT_THROW(set_options(recipe, {"train.epochs=7", "classes.names=[\"one\"]"}), base::UsageError);
  EXPECT_EQ(recipe.train.epochs, 100);  // nothing was changed
}

TEST(ToToml, quotes_keys_and_texts_that_need_it) {
  std::string toml =
      to_toml(parse_recipe("description = \"a \\\"b\\\"\\n\"\n[split]\nseed = 0\n[train]\nlearning_rate = -0.0\n"
                           "[[network.layers]]\nkind = \"x\"\n\"odd key\" = -0.0\n",
                           "my.toml"));
  EXPECT_EQ(to_toml(parse_recipe(toml, "again")), toml);
}

TEST(ToToml, gives_every_text_back) {
  for (std::string text : {"", "plain", "it's \"so\" \\", "a\nb\tc\x01\x7f", "\\n", "é ü 日本 ‘q’"}) {
    Recipe recipe;
    recipe.description = text;
    EXPECT_EQ(parse_recipe(to_toml(recipe), "here").description, text);
  }
}

TEST(SetOption, says_what_is_wrong) {
  EXPECT_THAT(set_error("train.epoch=5"), HasSubstr("did you mean train.epochs?"));
  EXPECT_THAT(set_error("train.epochs=many"), HasSubstr("whole number"));
  EXPECT_THAT(set_error("train.epochs"), HasSubstr("table.key=value"));
  EXPECT_THAT(set_error("epochs=5"), HasSubstr("table.key=value"));
  EXPECT_THAT(set_error("train.epochs=5\nx=1"), HasSubstr("table.key=value"));
}

TEST(LoadRecipe, lists_the_built_in_ones_where_the_name_is_unknown) {
  try {
    load_recipe("sede");
    FAIL();
  } catch (const base::UsageError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("sede"), HasSubstr("seed, seed-as-published, seed-vgg, seed3")));
  }
}

}  // namespace
}  // namespace agewise::recipe
