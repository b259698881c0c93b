#include "agewise/train/train.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/store/store_writer.h"
#include "agewise/train/checkpoint.h"
#include "tests/error_of.h"
#include "tests/train/tiny.h"

namespace agewise::train {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

struct Outcome {
  TrainResult result;
  std::vector<EpochRecord> log;
  std::vector<std::string> notices;
  std::vector<std::byte> last, best;  // the checkpoints' bytes
  bool interrupted = false;
};

// Trains in `folder`/run, which is made if it is not there; stops before step number `stop_at` of this call.
Outcome run(const tiny::Folder& folder, const recipe::Recipe& recipe, int stop_at = -1,
            const estimate::Model* from = nullptr) {
  store::Store store(folder / "faces.db");
  RunFolder run{folder / "run"};
  if (!is_run(run.path)) create_run(run.path, recipe);
  base::StopFlag stop{stop_at == 0};
  int steps = 0;
  Outcome outcome;
  TrainHooks hooks{stop, {}, [] { return 0.0; }, {}, {}};
  hooks.progress = [&](const base::Progress& progress) {
    if (progress.what.rfind("epoch", 0) == 0 && ++steps == stop_at) stop = true;
  };
  hooks.notice = [&](const std::string& text) { outcome.notices.push_back(text); };
  try {
    outcome.result = train({run, recipe, store, from, 2}, *nn::make_reference_engine(), hooks);
    outcome.best = base::read_file(run.best(), 1 << 20);
  } catch (const base::Interrupted&) {
    outcome.interrupted = true;
  }
  outcome.log = read_log(run.log());
  if (std::filesystem::exists(run.last())) outcome.last = base::read_file(run.last(), 1 << 20);
  return outcome;
}

recipe::Recipe with(std::initializer_list<const char*> assignments) {
  recipe::Recipe recipe = tiny::recipe();
  for (const char* assignment : assignments) recipe::set_option(recipe, assignment);
  return recipe;
}

TEST(Train, learns_what_can_be_learned) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  Outcome outcome = run(folder, with({"train.epochs=60", "train.learning_rate=0.01"}));
  ASSERT_EQ(outcome.log.size(), 60);
  EXPECT_LT(outcome.log.back().train.loss, 0.6 * outcome.log.front().train.loss);
  EXPECT_GE(outcome.log[outcome.result.best_epoch - 1].validation.accuracy, 0.7);
}

TEST(Train, gives_the_same_files_when_stopped_anywhere_and_resumed) {
  recipe::Recipe recipe = with({"train.ema_decay=0.9", "whiten.method=zca"});
  tiny::Folder whole;
  tiny::make_store(whole / "faces.db");
  Outcome uninterrupted = run(whole, recipe);
  for (int stop_at : {0, 1, 3, 4, 7, 11}) {  // 30 pictures in batches of 8: 4 steps an epoch
    tiny::Folder folder;
    std::filesystem::copy_file(whole / "faces.db", folder / "faces.db");
    ASSERT_TRUE(run(folder, recipe, stop_at).interrupted);
    Outcome resumed = run(folder, recipe);
    EXPECT_EQ(resumed.last, uninterrupted.last) << "stopped at " << stop_at;
    EXPECT_EQ(resumed.best, uninterrupted.best) << "stopped at " << stop_at;
    EXPECT_EQ(resumed.log.size(), 3);
  }
}

TEST(Train, augments_to_the_same_bits_when_stopped_anywhere_and_resumed) {
  recipe::Recipe recipe = with({"augment.rotate=20", "augment.noise=1", "augment.erase=0.5"});
  tiny::Folder whole, plain;
  for (const tiny::Folder* folder : {&whole, &plain}) tiny::make_store(*folder / "faces.db");
  Outcome uninterrupted = run(whole, recipe);
  EXPECT_NE(uninterrupted.last, run(plain, tiny::recipe()).last);
  for (int stop_at : {2, 5}) {
    tiny::Folder folder;
    tiny::make_store(folder / "faces.db");
    ASSERT_TRUE(run(folder, recipe, stop_at).interrupted);
    EXPECT_EQ(run(folder, recipe).last, uninterrupted.last) << "stopped at " << stop_at;
  }
}

TEST(Train, gives_the_same_weights_in_one_go_as_in_two) {
  tiny::Folder one, two;
  for (const tiny::Folder* folder : {&one, &two}) tiny::make_store(*folder / "faces.db");
  run(two, with({"train.epochs=1"}));
  change_recipe({two / "run"}, with({"train.epochs=3"}));
  EXPECT_EQ(run(two, with({"train.epochs=3"})).last, run(one, with({"train.epochs=3"})).last);
}

// One step of all pictures, whose loss is that of the first weights: only the weights show what has become of them.
TEST(Train, that_diverges_in_an_epochs_last_step_keeps_no_checkpoint_of_it) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe recipe = with({"train.batch=30"});
  recipe.train.learning_rate = 1e39;  // more than a user may ask for
  EXPECT_THAT([&] { run(folder, recipe); }, testing::ThrowsMessage<base::Error>(testing::AllOf(
                                                HasSubstr("diverged in epoch 1, step 1, at a learning rate of 1e+39"),
                                                HasSubstr("a weight is no longer a number"))));
  EXPECT_FALSE(std::filesystem::exists(folder / "run/best.safetensors"));
  EXPECT_FALSE(std::filesystem::exists(folder / "run/last.safetensors"));
}

TEST(Train, that_diverged_saves_nothing_when_stopped) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe recipe = with({"train.batch=15"});
  recipe.train.learning_rate = 1e39;
  EXPECT_THAT([&] { run(folder, recipe, 1); },
              testing::ThrowsMessage<base::Error>(
                  testing::AllOf(HasSubstr("diverged in epoch 1, step 1, at a learning rate of 1e+39"),
                                 HasSubstr("a weight is no longer a number"))));
  EXPECT_FALSE(std::filesystem::exists(folder / "run/last.safetensors"));
}

// One layer without normalisation, so that nothing holds the numbers down.
recipe::Recipe bare_recipe() {
  recipe::Recipe recipe = tiny::recipe();
  recipe.network.layers.erase(recipe.network.layers.begin(), recipe.network.layers.end() - 1);
  return recipe;
}

// Pictures 8×8 of one brightness for training and of another for validation.
void make_two_tone_store(const std::filesystem::path& file, const recipe::Recipe& recipe, int train, int validation) {
  store::StoreMetadata metadata;
  metadata.recipe = recipe;
  store::StoreWriter writer(file, metadata);
  for (int i = 0; i < 20; ++i) {
    store::FaceRecord face;
    face.row = i;
    face.age = 20 + i;
    face.split = i < 16 ? catalog::Split::train : catalog::Split::val;
    image::Image picture = image::make_image(8, 8, 1);
    std::ranges::fill(picture.pixels, static_cast<std::uint8_t>(i < 16 ? train : validation));
    writer.add(face, store::encode_face(picture), std::to_string(i));
  }
  writer.finish(0);
}

// Weights of 3e38 are numbers, and so is what they make of black pictures: 0. White ones (255) overflow. Whichever
// figure chooses the best epoch, one whose validation is not a number is not it.
TEST(Train, whose_validation_is_not_a_number_stops_and_keeps_no_checkpoint_of_it) {
  for (const char* select : {"accuracy", "mae", "loss", "last"}) {
    tiny::Folder folder;
    recipe::Recipe recipe = bare_recipe();
    recipe::set_option(recipe, std::string("train.monitor=") + select);
    make_two_tone_store(folder / "faces.db", recipe, 0, 255);
    estimate::Model from = {recipe, recipe::classes_of(recipe.classes), {}, {}, {}, {}, {}};
    from.graph = estimate::graph_of(from.recipe, from.classes);
    from.parameters = nn::initial_parameters(from.graph, 1);
    std::fill_n(from.parameters.begin(), 64 * 4, 3e38F);
    EXPECT_THAT([&] { run(folder, recipe, -1, &from); },
                testing::ThrowsMessage<base::Error>(testing::AllOf(HasSubstr("diverged in epoch 1"),
                                                                   HasSubstr("--set train.learning_rate=0.0001"),
                                                                   HasSubstr("no age for 4 of 4 validation pictures"))))
        << select;
    EXPECT_FALSE(std::filesystem::exists(folder / "run/best.safetensors")) << select;
    EXPECT_TRUE(read_log(folder / "run/log.jsonl").empty()) << select;
  }
}

// RMSprop's first step moves each weight by rate / √(1 - α), here 3,162 or so: the next loss is in the millions.
TEST(Train, whose_loss_grows_beyond_all_use_stops_though_it_is_still_a_number) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe recipe = bare_recipe();
  recipe.train.learning_rate = 1000;
  EXPECT_THAT([&] { run(folder, recipe); }, testing::ThrowsMessage<base::Error>(testing::AllOf(
                                                HasSubstr("diverged in epoch 1"), HasSubstr("the mean loss is above"),
                                                HasSubstr("train.learning_rate=100)"))));
}

TEST(Train, validates_on_test_where_there_is_no_val_part) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db", {.train = 20, .val = 0, .test = 7});
  run(folder, tiny::recipe());
  EXPECT_EQ(estimate::read_model(folder / "run/best.safetensors").notes.at("validated on"), "test");
}

TEST(Train, gives_each_class_the_mean_age_of_its_training_pictures) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db", {.train = 4, .val = 1});  // ages 20, 27, 34, 41
  run(folder, tiny::recipe());
  // Nobody is older: those classes keep the middle of [45, 60) and 60 + 10.
  EXPECT_THAT(estimate::read_model(folder / "run/best.safetensors").classes.values,
              testing::ElementsAre(23.5, 37.5, 52.5, 70));
}

TEST(Train, stops_when_patience_is_at_its_end_and_stays_stopped) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe recipe =
      with({"train.epochs=50", "train.patience=2", "train.learning_rate=1e-12"});  // nothing is learned
  Outcome outcome = run(folder, recipe);
  EXPECT_TRUE(outcome.result.stopped_early);
  EXPECT_EQ(outcome.result.epochs, outcome.result.best_epoch + 2);
  EXPECT_EQ(run(folder, recipe).result.epochs, outcome.result.epochs);
}

TEST(Train, keeps_the_average_as_the_model_and_the_weights_for_going_on) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe recipe = with({"train.ema_decay=0.5"});
  run(folder, recipe);
  estimate::Model model = estimate::read_model(folder / "run/last.safetensors");
  TrainState state = read_checkpoint(folder / "run/last.safetensors", model);
  EXPECT_EQ(state.average, model.parameters);
  EXPECT_NE(state.weights, model.parameters);
}

TEST(Train, leaves_frozen_layers_as_they_were) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  run(folder, with({"train.frozen=[\"conv\", \"n*\"]"}));
  estimate::Model model = estimate::read_model(folder / "run/last.safetensors");
  std::vector<float> fresh = nn::initial_parameters(model.graph, model.recipe.train.seed);
  std::size_t held = 27 + 3 + 4 * 3;  // weights, bias, and all of the normalisation
  std::span<const float> now(model.parameters), before(fresh);
  EXPECT_THAT(now.first(held), testing::ElementsAreArray(before.first(held)));
  EXPECT_THAT(now.subspan(held), testing::Not(testing::ElementsAreArray(before.subspan(held))));
}

TEST(Train, begins_with_the_weights_of_another_model_where_they_fit) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  estimate::Model from = {tiny::recipe(), recipe::classes_of(tiny::recipe().classes), {}, {}, {}, {}, {}};
  from.graph = estimate::graph_of(from.recipe, from.classes);
  from.parameters = nn::initial_parameters(from.graph, 77);
  recipe::Recipe still =
      with({"train.learning_rate=1e-30", "train.epochs=1", "classes.edges=[30, 45]"});  // another last layer
  Outcome outcome = run(folder, still, -1, &from);
  EXPECT_THAT(outcome.notices,
              Contains("2 of 3 layers with weights start from those of the model; initialised at random: out"));
  estimate::Model model = estimate::read_model(folder / "run/last.safetensors");
  std::vector<float> convolution(from.parameters.begin(), from.parameters.begin() + 27);
  EXPECT_EQ(std::vector<float>(model.parameters.begin(), model.parameters.begin() + 27), convolution);
}

// As exporters leave it: no normalisation, its shift the convolution's bias.
TEST(Train, refuses_to_begin_with_a_convolution_without_its_normalisation) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe folded = tiny::recipe();
  folded.network.layers.erase(folded.network.layers.begin() + 1);
  estimate::Model from = {folded, recipe::classes_of(folded.classes), {}, {}, {}, {}, {}};
  from.graph = estimate::graph_of(from.recipe, from.classes);
  from.parameters = nn::initial_parameters(from.graph, 77);
  recipe::Recipe whole = tiny::recipe();
  whole.network.layers[0].options["bias"] = false;
  EXPECT_THAT(
      error_of([&] { run(folder, whole, -1, &from); }),
      AllOf(HasSubstr("no normalisation layer norm"), HasSubstr("the convolution conv"), HasSubstr("agewise recipe")));
  tiny::Folder another;
  tiny::make_store(another / "faces.db");
  EXPECT_THAT(run(another, tiny::recipe(), -1, &from).notices,  // a normalisation that the recipe adds
              Contains("2 of 3 layers with weights start from those of the model; initialised at random: norm"));
}

// Softmax of logits a, b with b's class shared by 3: b - log 3 three times; e^b = 3 · e^(b - log 3).
TEST(Train, spreads_the_oldest_of_fewer_year_classes_evenly_over_the_new_ones) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe fifty = with({"train.learning_rate=1e-30", "train.epochs=1", "train.frozen=[\"conv\", \"norm\"]"});
  fifty.classes = {.edges = {}, .names = {}, .years = 50};
  estimate::Model from = {fifty, age::yearly_classes(50), {}, {}, {}, {}, {}};
  from.graph = estimate::graph_of(from.recipe, from.classes);
  from.parameters = nn::initial_parameters(from.graph, 77);
  for (std::size_t i = 0; i < 50; ++i) from.parameters[from.parameters.size() - 1 - i] = 0.01F * static_cast<float>(i);
  recipe::Recipe more = fifty;
  more.classes.years = 52;
  run(folder, more, -1, &from);
  estimate::Model model = estimate::read_model(folder / "run/last.safetensors");
  std::span<const float> old(from.parameters), grown(model.parameters);
  std::size_t row = (model.parameters.size() - from.parameters.size()) / 2 - 1, body = old.size() - 50 * (row + 1);
  EXPECT_THAT(grown.first(body + 50 * row), testing::ElementsAreArray(old.first(body + 50 * row)));
  std::span<const float> oldest = old.subspan(body + 49 * row, row);
  EXPECT_THAT(grown.subspan(body + 50 * row, row), testing::ElementsAreArray(oldest));
  EXPECT_THAT(grown.subspan(body + 51 * row, row), testing::ElementsAreArray(oldest));
  EXPECT_THAT(grown.last(52).first(49), testing::ElementsAreArray(old.last(50).first(49)));
  EXPECT_THAT(grown.last(3), testing::Each(testing::FloatNear(std::log(1.0F / 3), 1e-6F)));
}

TEST(Train, fits_the_whitening_on_training_pictures_only_and_names_it_in_the_checkpoints) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db", {.train = 20, .val = 6});
  Outcome outcome = run(folder, with({"whiten.method=zca", "whiten.samples=12"}));
  EXPECT_THAT(outcome.notices, Contains("whitening fitted on 12 of 20 training pictures"));
  EXPECT_EQ(whiten::read_zca(folder / "run/whiten.safetensors").fitted_on, 12);
  EXPECT_EQ(estimate::read_model(folder / "run/best.safetensors").whitening->fitted_on, 12);
  EXPECT_EQ(std::filesystem::file_size(folder / "run/faces.f32"), 26 * 64 * sizeof(float));
}

TEST(Train, makes_the_whitened_pictures_again_when_they_are_gone_or_cut_short) {
  tiny::Folder folder;
  tiny::make_store(folder / "faces.db");
  recipe::Recipe recipe = with({"whiten.method=zca"});
  run(folder, recipe);
  std::vector<std::byte> faces = base::read_file(folder / "run/faces.f32", 1 << 20);
  std::filesystem::resize_file(folder / "run/faces.f32", 100);
  change_recipe({folder / "run"}, with({"whiten.method=zca", "train.epochs=4"}));
  run(folder, with({"whiten.method=zca", "train.epochs=4"}));
  EXPECT_EQ(base::read_file(folder / "run/faces.f32", 1 << 20), faces);
}

}  // namespace
}  // namespace agewise::train
