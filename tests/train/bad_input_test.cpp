// Each of these must give one line that names the file or the key, and nothing half written.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>

#include <functional>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/train/examples.h"
#include "agewise/train/start.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::HasSubstr;

void train_in(const tiny::Folder& folder, const recipe::Recipe& recipe) {
  store::Store store(folder / "faces.db");
  base::StopFlag stop{false};
  RunFolder run{folder / "run"};
  if (!is_run(run.path)) create_run(run.path, recipe);
  train({run, recipe, store, nullptr}, *nn::make_reference_engine(), {stop, {}, [] { return 0.0; }, {}, {}});
}

struct BadStore {
  const char* name;
  tiny::StoreOptions options;
  const char* message;
};

TEST(BadStore, is_told_by_name_and_by_what_is_missing) {
  for (const BadStore& bad : {
           BadStore{"unfinished", {.complete = false}, "faces.db: is incomplete"},
           BadStore{"no training pictures", {.train = 0}, "faces.db: has no training pictures"},
           BadStore{"nothing to validate on", {.val = 0}, "none is left to measure a network on"},
       }) {
    tiny::Folder folder;
    tiny::make_store(folder / "faces.db", bad.options);
    EXPECT_THAT(error_of([&] { train_in(folder, tiny::recipe()); }), HasSubstr(bad.message)) << bad.name;
  }
}

struct BadRecipe {
  std::vector<const char*> assignments;
  const char* message;
};

TEST(BadRecipe, is_told_by_its_key) {
  for (const BadRecipe& bad : {
           BadRecipe{{"train.monitor=epsilon"}, "train.monitor: epsilon"},
           BadRecipe{{"predict.dropout=true"}, "dropout needs batch_statistics"},
           BadRecipe{{"classes.edges=[]"}, "[classes]"},
           BadRecipe{{"train.frozen=[\"cnov*\"]"},
                     "train.frozen: no layer with weights is called cnov*; did you mean conv?"},
           BadRecipe{{"train.optimiser=sgd", "train.learning_rate=1000", "train.weight_decay=1", "train.epochs=9"},
                     "smaller learning rate (--set train.learning_rate=100)"},
       }) {
    tiny::Folder folder;
    tiny::make_store(folder / "faces.db");
    recipe::Recipe recipe = tiny::recipe();
    for (const char* assignment : bad.assignments) recipe::set_option(recipe, assignment);
    EXPECT_THAT(error_of([&] { train_in(folder, recipe); }), HasSubstr(bad.message));
  }
}

TEST(BadRecipe, disagrees_with_the_store_about_the_faces) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  store::Store store(folder / "faces.db");
  for (const char* assignment : {"face.size=16", "face.colour=rgb", "face.crop=true"}) {
    recipe::Recipe recipe = tiny::recipe();
    recipe::set_option(recipe, assignment);
    std::string key = std::string(assignment).substr(0, std::string(assignment).find('='));
    EXPECT_THAT(error_of([&] { recipe_on_stores(recipe, store); }),
                testing::AllOf(HasSubstr("faces.db: "), HasSubstr(key)));
  }
}

TEST(BadRecipe, disagrees_with_the_store_about_the_detector) {
  tiny::Folder folder;
  recipe::Recipe made_by = tiny::recipe();
  set_options(made_by, {"face.detect=true", "face.detector=yunet.onnx"});
  tiny::make_store(folder / "faces.db", {}, made_by);
  recipe::Recipe recipe = tiny::recipe();
  set_option(recipe, "face.detect=true");
  EXPECT_THAT(error_of([&] { recipe_on_stores(recipe, store::Store(folder / "faces.db")); }),
              testing::AllOf(HasSubstr("face.detector is yunet.onnx, not hog"),
                             HasSubstr("train with --set face.detector=yunet.onnx")));
}

TEST(Beginning, must_have_been_trained_on_the_same_cut_unless_it_states_none) {
  estimate::Model from;
  from.recipe = tiny::recipe();
  recipe::Recipe recipe = tiny::recipe();
  set_options(recipe, {"face.detect=true", "face.margin=0.2", "face.size=16"});
  EXPECT_EQ(error_of([&] { check_beginning(from, recipe); }), "no error");
  set_options(from.recipe, {"face.detect=true", "face.margin=0.2"});
  EXPECT_EQ(error_of([&] { check_beginning(from, recipe); }), "no error");  // of another size
  set_option(from.recipe, "face.margin=0.3");
  EXPECT_THAT(error_of([&] { check_beginning(from, recipe); }),
              testing::AllOf(HasSubstr("the model to start from (--from) was trained"),
                             HasSubstr("face.margin is 0.2, not 0.3")));
}

TEST(RecipeOnStore, takes_from_the_store_how_it_was_made) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe wanted = tiny::recipe();
  wanted.screen.min_age = 18;
  wanted.split.train = 0.1;
  wanted.train.epochs = 17;
  recipe::Recipe recipe = recipe_on_stores(wanted, store::Store(folder / "faces.db"));
  EXPECT_EQ(recipe.screen.min_age, 0);
  EXPECT_EQ(recipe.split.train, 0.7);
  EXPECT_EQ(recipe.train.epochs, 17);
}

// What a damaged run is answered with when it is to go on.
class DamagedRun : public testing::Test {
 protected:
  DamagedRun() {
    tiny::make_store(folder_ / "faces.db");
    train_in(folder_, tiny::recipe());
  }
  std::string resume(const recipe::Recipe& recipe = tiny::recipe()) {
    return error_of([&] { train_in(folder_, recipe); });
  }
  tiny::Folder folder_;
};

TEST_F(DamagedRun, names_a_checkpoint_that_is_cut_short_anywhere) {
  std::vector<std::byte> whole = base::read_file(folder_ / "run/last.safetensors", 1 << 20);
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    base::write_file(folder_ / "run/last.safetensors", std::span(whole).first(size));
    EXPECT_THAT(resume(), HasSubstr("last.safetensors: ")) << size;
  }
}

TEST_F(DamagedRun, names_a_checkpoint_of_another_network) {
  recipe::Recipe wider = tiny::recipe();
  wider.network.layers[0].options["channels"] = std::int64_t{5};
  EXPECT_THAT(resume(wider), HasSubstr("last.safetensors: was trained with another recipe"));
}

TEST_F(DamagedRun, names_a_model_that_is_no_checkpoint) {
  std::filesystem::copy_file(folder_ / "run/best.safetensors", folder_ / "run/last.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(resume(), HasSubstr("last.safetensors: is not a checkpoint"));
}

TEST_F(DamagedRun, does_not_go_on_with_another_store) {
  std::filesystem::remove(folder_ / "faces.db");
  tiny::make_store(folder_ / "faces.db", {.train = 31});
  EXPECT_THAT(resume(), HasSubstr("faces.db: does not hold the pictures and labels that the run"));
}

TEST_F(DamagedRun, does_not_go_on_with_other_pictures_of_the_same_labels) {
  std::filesystem::remove(folder_ / "faces.db");
  tiny::make_store(folder_ / "faces.db", {.brighter = 1});
  EXPECT_THAT(resume(), HasSubstr("faces.db: does not hold the pictures and labels that the run"));
}

TEST_F(DamagedRun, names_a_face_that_is_damaged) {
  SQLite::Database((folder_ / "faces.db").string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE faces SET pixels = zeroblob(64) WHERE row = 7");
  recipe::Recipe longer = tiny::recipe();
  longer.train.epochs = 4;
  EXPECT_THAT(resume(longer), HasSubstr("faces.db: the face of label row 7 is damaged"));
}

TEST_F(DamagedRun, does_not_change_its_recipe_but_for_how_long) {
  recipe::Recipe other = tiny::recipe();
  other.train.learning_rate = 0.5;
  EXPECT_THAT(error_of([&] { change_recipe({folder_ / "run"}, other); }),
              testing::AllOf(HasSubstr("train.learning_rate = 0.001, not 0.5"), HasSubstr("only train.epochs")));
  other = tiny::recipe();
  other.train.epochs = 9;
  change_recipe({folder_ / "run"}, other);
  EXPECT_EQ(recipe_of({folder_ / "run"}).train.epochs, 9);
}

// Stores and runs of before there was a key do not have it, or a recipe of another name.
TEST_F(DamagedRun, goes_on_with_recipes_that_lack_a_key_which_came_later) {
  auto without = [](std::string text, const std::string& line) {
    std::size_t place = text.find(line);
    EXPECT_NE(place, std::string::npos) << line;
    return text.erase(place, line.size());
  };
  std::string toml = recipe::to_toml(tiny::recipe());
  toml = without(without(without(toml, "name = 'tiny'\n"), "label_sigma = 'replaces'\n"), "center_crop = 0\n");
  base::write_file(folder_ / "run/recipe.toml", toml);
  {
    SQLite::Database store((folder_ / "faces.db").string(), SQLite::OPEN_READWRITE);
    SQLite::Statement update(store, "UPDATE facts SET value = ? WHERE name = 'recipe'");
    update.bind(1, toml);
    update.exec();
    store.exec("DELETE FROM facts WHERE name LIKE '%checksum'; PRAGMA user_version = 3");  // as of before checksums
  }
  recipe::Recipe longer = recipe_of({folder_ / "run"});
  longer.train.epochs = 4;
  EXPECT_EQ(resume(longer), "no error");
}

// By the rule of commit 934c3ae, which knew of no pixels.
TEST_F(DamagedRun, goes_on_where_an_older_agewise_noted_the_stores_content) {
  RunFolder run{folder_ / "run"};
  RunMetadata metadata = read_metadata(run);
  std::string content = metadata.stores.at(0).content;
  metadata.stores.at(0).content = store::Store(folder_ / "faces.db").first_content();
  write_metadata(run, metadata);
  EXPECT_EQ(resume(), "no error");
  EXPECT_EQ(read_metadata(run).stores.at(0).content, content);
  metadata.stores.at(0).content = std::string(32, '0');
  write_metadata(run, metadata);
  EXPECT_THAT(resume(), HasSubstr("faces.db: does not hold the pictures and labels that the run"));
}

TEST_F(DamagedRun, names_a_store_content_of_a_newer_agewise) {
  RunFolder run{folder_ / "run"};
  RunMetadata metadata = read_metadata(run);
  metadata.stores.at(0).content = "3:0";
  write_metadata(run, metadata);
  EXPECT_THAT(resume(), HasSubstr("newer agewise"));
}

TEST_F(DamagedRun, is_not_overwritten) {
  EXPECT_THAT(error_of([&] { create_run(folder_ / "run", tiny::recipe()); }), HasSubstr("already holds a run"));
}

TEST(CreateRun, leaves_alone_what_is_no_run) {
  tiny::Folder folder;
  std::filesystem::create_directory(folder / "photos");
  base::write_file(folder / "photos/a.jpg", "x");
  EXPECT_THAT(error_of([&] { create_run(folder / "photos", tiny::recipe()); }), HasSubstr("is not a run"));
  EXPECT_THAT(error_of([&] { create_run(folder / "photos/a.jpg", tiny::recipe()); }), HasSubstr("is not a run"));
  EXPECT_THAT(error_of([&] { recipe_of({folder / "photos"}); }), HasSubstr("holds no run"));
  EXPECT_THAT(error_of([&] { model_file_of(folder / "photos"); }), HasSubstr("holds no checkpoint"));
}

}  // namespace
}  // namespace agewise::train
