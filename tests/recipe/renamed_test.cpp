// Old names are read, told of where a user typed them, and stand nowhere else.
#include "agewise/recipe/renamed.h"

#include <gmock/gmock.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/recipe/recipe.h"
#include "tests/error_of.h"

namespace agewise::recipe {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kRoot = AGEWISE_SOURCE_DIR;

// As a recipe was written before any key was renamed.
constexpr const char* kOld = R"(
[face]
size = 32
[network]
size = 16
view = 24
[[network.layers]]
kind = "fully-connected"
outputs = "classes"
rate_factor = 10
bias_rate_factor = 20
[train]
loss = "label-distribution"
teacher_weight = 0.25
rate = 0.5
average = 0.75
select = "mae"
prediction = "median"
mirror_test = true
test_dropout = true
test_batch_statistics = true
)";

constexpr const char* kNew = R"(
[face]
size = 32
[network]
size = 16
center_crop = 24
[[network.layers]]
kind = "fully-connected"
outputs = "classes"
lr_multiplier = 10
bias_lr_multiplier = 20
[train]
loss = "label-distribution"
distillation_weight = 0.25
learning_rate = 0.5
ema_decay = 0.75
monitor = "mae"
[predict]
point_estimate = "median"
flip = true
dropout = true
batch_statistics = true
)";

TEST(Renamed, an_old_recipe_is_the_same_recipe_and_is_printed_with_the_new_names) {
  std::string printed = to_toml(parse_recipe(kOld, "old.toml"));
  EXPECT_EQ(printed, to_toml(parse_recipe(kNew, "new.toml")));
  for (const char* line :
       {"center_crop = 24", "lr_multiplier = 10", "distillation_weight = 0.25", "learning_rate = 0.5",
        "ema_decay = 0.75", "monitor = 'mae'", "[predict]\npoint_estimate = 'median'\nflip = true"})
    EXPECT_THAT(printed, HasSubstr(line));
}

TEST(Renamed, every_old_key_in_a_users_file_gets_a_note_and_new_ones_none) {
  std::filesystem::path file = std::filesystem::temp_directory_path() / "agewise-renamed.toml";
  std::vector<std::string> notes;
  auto note = [&](const std::string& text) { notes.push_back(text); };
  base::write_file(file, std::string(kOld));
  load_recipe(file.string(), note);
  EXPECT_EQ(notes.size(), kRenamedKeys.size() + kRenamedLayerKeys.size());
  EXPECT_THAT(notes, testing::Contains(file.string() + ": train.mirror_test is now called predict.flip"));
  EXPECT_THAT(notes, testing::Contains(file.string() + ": rate_factor is now called lr_multiplier"));
  notes.clear();
  base::write_file(file, std::string(kNew));
  load_recipe(file.string(), note);
  EXPECT_THAT(notes, ElementsAre());
  std::filesystem::remove(file);
}

TEST(Renamed, set_takes_old_keys_and_says_the_new_ones) {
  std::vector<std::string> notes;
  Recipe recipe = load_recipe("seed3");
  set_options(recipe, {"train.rate=0.25", "train.epochs=3"}, [&](const std::string& text) { notes.push_back(text); });
  EXPECT_EQ(recipe.train.learning_rate, 0.25);
  EXPECT_THAT(notes, ElementsAre("--set train.rate=0.25: train.rate is now called train.learning_rate"));
}

TEST(Renamed, an_old_name_beside_its_new_one_is_refused) {
  EXPECT_THAT(error_of([] { parse_recipe("[train]\nrate = 1\nlearning_rate = 1", "my.toml"); }),
              AllOf(HasSubstr("my.toml, line 2"), HasSubstr("train.rate is the old name of train.learning_rate")));
  EXPECT_THAT(error_of([] { parse_recipe("[predict]\nflip = true\n[train]\nmirror_test = true", "my.toml"); }),
              AllOf(HasSubstr("my.toml, line 4"), HasSubstr("the old name of predict.flip")));
  EXPECT_THAT(error_of([] {
                parse_recipe("[[network.layers]]\nkind = \"relu\"\nlr_multiplier = 1\nrate_factor = 1", "my.toml");
              }),
              HasSubstr("given twice"));
}

TEST(Renamed, a_wrong_value_of_an_old_key_is_told_by_its_line) {
  EXPECT_THAT(error_of([] { parse_recipe("[train]\nrate = true", "my.toml"); }),
              AllOf(HasSubstr("my.toml, line 2"), HasSubstr("train.learning_rate must be a number")));
  EXPECT_THAT(error_of([] { parse_recipe("predict = 3\n[train]\nmirror_test = true", "my.toml"); }),
              HasSubstr("my.toml, line "));
}

// Those that no sentence has, in any source or page: the table of old names and this test apart.
TEST(Renamed, no_old_identifier_is_left) {
  const std::set<std::string> kGone{"KernelBook",   "kernel_book",      "ThinBlock",      "thin_block",
                                    "taps_",        "Sliced",           "make_sliced",    "spelled_out",
                                    "dirt",         "CloseUp",          "close_up",       "Judged",
                                    "judge",        "taught",           "teacher_weight", "mirror_test",
                                    "rate_factor",  "bias_rate_factor", "test_dropout",   "test_batch_statistics",
                                    "StoreFacts",   "RunFacts",         "read_facts",     "Gate",
                                    "plain_layout", "is_plain",         "SeriesKind",     "SeriesPart",
                                    "train_series", "gone_on_with"};
  const std::set<std::string> kKinds{".h", ".cpp", ".py", ".sh", ".toml", ".md", ".js", ".css", ".cmake", ".txt"};
  const std::set<std::filesystem::path> kNotMeant{
      kRoot / "agewise/recipe/renamed.h", kRoot / "tests/recipe/renamed_test.cpp",
      kRoot / "tests/recipe/determines_test.cpp", kRoot / "tests/golden", kRoot / "tests/weights/golden"};
  int files = 0;
  for (const char* folder : {"agewise", "app", "bench", "cmake", "demo", "docs", "examples", "fuzz", "include",
                             "python", "recipes", "tests", "tools"}) {
    for (auto entry = std::filesystem::recursive_directory_iterator(kRoot / folder);
         entry != std::filesystem::recursive_directory_iterator(); ++entry) {
      if (kNotMeant.contains(entry->path())) {
        entry.disable_recursion_pending();
        continue;
      }
      if (!kKinds.contains(entry->path().extension())) continue;
      ++files;
      std::ostringstream text;
      text << std::ifstream(entry->path()).rdbuf();
      std::string word;
      for (char c : text.str() + " ") {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
          word += c;
          continue;
        }
        EXPECT_FALSE(kGone.contains(word)) << entry->path() << ": " << word;
        word.clear();
      }
    }
  }
  EXPECT_GT(files, 500);
}

}  // namespace
}  // namespace agewise::recipe
