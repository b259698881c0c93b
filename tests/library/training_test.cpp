// Training from code, beside what the program makes of the same labels, store and run.
#include "agewise/training.h"

#include <gmock/gmock.h>
#include <omp.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/store/store.h"
#include "tests/app/run_program.h"
#include "tests/error_of.h"
#include "tests/prepare/collection.h"
#include "tests/train/tiny.h"

namespace agewise::training {
namespace {

namespace fs = std::filesystem;
using agewise::error_of;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

class PrepareFromCode : public prepare::Collection {
 protected:
  void SetUp() override {
    prepare::Collection::SetUp();
    write_thirty_and_faults();
    options_.labels = {at("labels.csv")};
    options_.pictures = {at("p.tar")};
    options_.settings = {"face.size=16"};
    options_.threads = 2;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  PrepareOptions options_;
};

TEST_F(PrepareFromCode, makes_the_store_that_the_program_makes) {
  Prepared prepared = training::prepare(at("code.db"), options_);
  EXPECT_EQ(prepared.faces, 30);
  EXPECT_EQ(prepared.not_asked_for, 1);
  EXPECT_THAT(prepared.rejects,
              ElementsAre(testing::Pair("age above the maximum", 1), testing::Pair("no such file", 1)));
  app::Outcome outcome = app::run("prepare " + at("program.db") + " --labels " + at("labels.csv") + " --pictures " +
                                  at("p.tar") + " --set face.size=16");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(prepare::digest(store::Store(at("code.db"))), prepare::digest(store::Store(at("program.db"))));
}

TEST_F(PrepareFromCode, tells_its_progress_and_leaves_a_complete_store_as_it_is) {
  std::vector<Progress> seen;
  Watch watch;
  watch.progress = [&](const Progress& progress) { seen.push_back(progress); };
  training::prepare(at("faces.db"), options_, watch);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().done, 30U);
  EXPECT_EQ(seen.back().total, 31U);  // one has no picture
  EXPECT_TRUE(training::prepare(at("faces.db"), options_).was_complete);
}

TEST_F(PrepareFromCode, stops_when_it_is_asked_to_and_resumes_to_the_same_store) {
  std::atomic<bool> stop{false};
  Watch watch;
  watch.stop = &stop;
  watch.progress = [&](const Progress& progress) { stop = progress.done >= 10; };
  EXPECT_THROW(training::prepare(at("stopped.db"), options_, watch), Interrupted);
  EXPECT_FALSE(Store::open(at("stopped.db")).complete());
  EXPECT_TRUE(training::prepare(at("stopped.db"), options_).resumed);
  training::prepare(at("whole.db"), options_);
  EXPECT_EQ(prepare::digest(store::Store(at("stopped.db"))), prepare::digest(store::Store(at("whole.db"))));
}

TEST_F(PrepareFromCode, refuses_labels_that_fit_no_picture_by_a_sentence) {
  options_.pictures = {at("empty")};
  fs::create_directories(at("empty"));
  EXPECT_THAT(error_of<Error>([&] { training::prepare(at("none.db"), options_); }), HasSubstr("no face was prepared"));
  options_.pictures.clear();
  EXPECT_THAT(error_of<Error>([&] { training::prepare(at("none.db"), options_); }), HasSubstr("pictures"));
}

class TrainFromCode : public testing::Test {
 protected:
  TrainFromCode() { train::tiny::make_store(store_, {.train = 40, .val = 10, .test = 12}); }

  TrainOptions options(const std::vector<std::string>& settings = {}) const {
    TrainOptions options;
    options.data = store_;
    options.settings = settings;
    options.threads = 2;
    options.kernels = Kernels::standard;
    return options;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::vector<std::byte> checkpoint(const std::string& run) const {
    return base::read_file(at(run) + "/last.safetensors", 1 << 24);
  }

  train::tiny::Folder folder_;
  const std::string store_ = (folder_ / "faces.db").string();
};

TEST_F(TrainFromCode, makes_the_run_that_the_program_makes) {
  std::vector<TrainedNetwork> networks = training::train(at("code"), options());
  ASSERT_THAT(networks, SizeIs(1));
  EXPECT_EQ(networks[0].epochs, 3);
  EXPECT_EQ(networks[0].best.mae,
            read_log(at("code"))[static_cast<std::size_t>(networks[0].best_epoch) - 1].validation.mae);
  app::Outcome outcome = app::run("--threads 2 train " + at("program") + " --data " + store_);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(checkpoint("code"), checkpoint("program"));
}

TEST_F(TrainFromCode, tells_of_each_epoch_what_the_log_then_holds) {
  std::vector<Epoch> told;
  std::vector<std::string> phases;
  TrainWatch watch;
  watch.epoch_done = [&](const Epoch& epoch) { told.push_back(epoch); };
  watch.progress = [&](const Progress& progress) {
    if (phases.empty() || phases.back() != progress.what) phases.push_back(progress.what);
  };
  training::train(at("run"), options(), watch);
  std::vector<Epoch> log = read_log(at("run"));
  ASSERT_THAT(told, SizeIs(3));
  ASSERT_THAT(log, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(log[i].epoch, static_cast<int>(i) + 1);
    EXPECT_EQ(log[i].train.loss, told[i].train.loss);
    EXPECT_EQ(log[i].validation.mae, told[i].validation.mae);
    EXPECT_EQ(log[i].learning_rate, 0.001);
  }
  EXPECT_THAT(phases, testing::Contains("epoch 3 of 3"));
}

TEST_F(TrainFromCode, stops_when_it_is_asked_to_and_resumes_to_the_same_bits) {
  std::atomic<bool> stop{false};
  TrainWatch watch;
  watch.stop = &stop;
  watch.progress = [&](const Progress& progress) {
    if (progress.what == "epoch 2 of 3" && progress.done >= 2) stop = true;
  };
  EXPECT_THAT(error_of<Interrupted>([&] { training::train(at("stopped"), options(), watch); }), HasSubstr("stopped"));
  EXPECT_THAT(read_log(at("stopped")), SizeIs(1));
  training::train(at("stopped"), options());
  training::train(at("whole"), options());
  EXPECT_EQ(checkpoint("stopped"), checkpoint("whole"));
}

TEST_F(TrainFromCode, ends_by_an_error_where_a_callback_throws_and_goes_on_from_the_last_checkpoint) {
  TrainWatch watch;
  watch.epoch_done = [](const Epoch&) { throw std::runtime_error("enough"); };
  EXPECT_EQ(error_of<Error>([&] { training::train(at("run"), options(), watch); }), "enough");
  watch.epoch_done = [](const Epoch&) { throw 7; };
  EXPECT_THAT(error_of<Error>([&] { training::train(at("run"), options(), watch); }),
              HasSubstr("threw something that is not a std::exception"));
  EXPECT_EQ(training::train(at("run"), options()).at(0).epochs, 3);
}

TEST_F(TrainFromCode, trains_several_networks_and_names_each) {
  TrainOptions two = options();
  two.folds = 2;
  std::vector<std::string> begun;
  TrainWatch watch;
  watch.begins = [&](const std::string& name) { begun.push_back(name); };
  std::vector<TrainedNetwork> networks = training::train(at("folds"), two, watch);
  ASSERT_THAT(networks, SizeIs(2));
  EXPECT_THAT(begun, ElementsAre(networks[0].name + ", 1 of 2", networks[1].name + ", 2 of 2"));
  EXPECT_THAT(read_log(at("folds/" + networks[1].name)), SizeIs(3));
  two.ensemble = 2;
  EXPECT_THAT(error_of<Error>([&] { training::train(at("both"), two); }), HasSubstr("at most one"));
  two.folds = 1;
  two.ensemble = 0;
  EXPECT_THAT(error_of<Error>([&] { training::train(at("one"), two); }), HasSubstr("2 to 1000"));
}

TEST_F(TrainFromCode, leaves_the_threads_of_the_callers_openmp_as_they_are) {
  omp_set_num_threads(7);
  training::train(at("run"), options({"train.epochs=1"}));
  EXPECT_EQ(omp_get_max_threads(), 7);
}

TEST_F(TrainFromCode, evaluates_as_the_program_does) {
  training::train(at("run"), options());
  EvaluateOptions wanted;
  wanted.threads = 2;
  wanted.kernels = Kernels::standard;
  Evaluation evaluation = training::evaluate(at("run"), wanted);
  app::Outcome outcome = app::run("--threads 2 evaluate " + at("run") + " --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  nlohmann::json program = nlohmann::json::parse(outcome.output);
  EXPECT_EQ(nlohmann::json::parse(evaluation.json), program);
  EXPECT_EQ(evaluation.part, Part::test);
  EXPECT_EQ(evaluation.all.pictures, 12);
  EXPECT_EQ(evaluation.all.model.mae, program["all"]["model"]["mae"]);
  EXPECT_EQ(evaluation.all.baseline.cs5, program["all"]["baseline"]["cs5"]);
  ASSERT_THAT(evaluation.estimates, SizeIs(12));
  double error = 0;
  for (const Estimated& one : evaluation.estimates) error += std::abs(one.estimate - one.age) / 12;
  EXPECT_NEAR(error, evaluation.all.model.mae, 1e-9);
}

TEST_F(TrainFromCode, evaluates_the_part_that_is_asked_for) {
  training::train(at("run"), options());
  EvaluateOptions wanted;
  wanted.part = Part::val;
  EXPECT_EQ(training::evaluate(at("run"), wanted).all.pictures, 10);
}

TEST_F(TrainFromCode, tells_no_figure_where_no_age_is_known_exactly) {
  training::train(at("run"), options());
  train::tiny::make_store(at("ranges.db"), {.ranges = true});
  EvaluateOptions wanted;
  wanted.data = at("ranges.db");
  wanted.part = Part::val;
  Evaluation evaluation = training::evaluate(at("run"), wanted);
  EXPECT_EQ(evaluation.all.pictures, 0);
  for (const Errors& none : {evaluation.all.model, evaluation.all.baseline}) {
    for (double figure : {none.accuracy, none.mae, none.mean_error, none.cs1, none.cs3, none.cs5, none.cs10})
      EXPECT_TRUE(std::isnan(figure));
    EXPECT_FALSE(none.epsilon_error);
  }
  EXPECT_THAT(evaluation.estimates, SizeIs(10));
  EXPECT_THAT(evaluation.caveats, ElementsAre(HasSubstr("The best epoch was chosen on these same val pictures")));
  EXPECT_EQ(nlohmann::json::parse(evaluation.json)["caveats"], nlohmann::json(evaluation.caveats));
  EXPECT_THAT(app::run("evaluate " + at("run") + " --split val --data " + at("ranges.db")).output,
              AllOf(HasSubstr("no exact ages"), HasSubstr(evaluation.caveats.at(0))));
}

TEST_F(TrainFromCode, exports_what_the_program_exports) {
  training::train(at("run"), options());
  export_model(at("run"), at("code.onnx"));
  export_model(at("run"), at("code.safetensors"));
  app::Outcome outcome = app::run("export " + at("run") + " -o " + at("program.onnx"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(base::read_file(at("code.onnx"), 1 << 24), base::read_file(at("program.onnx"), 1 << 24));
  ModelInfo info = read_model(at("code.safetensors"));
  EXPECT_EQ(info.networks, 1);
  EXPECT_EQ(info.classes.size(), 4U);
  EXPECT_THAT(info.recipe, HasSubstr("tiny"));
  EXPECT_THAT(error_of<Error>([&] { export_model(at("code.safetensors"), at("code.safetensors")); }),
              HasSubstr("the model itself"));
  EXPECT_THAT(error_of<Error>([&] { export_model(at("run"), at("code.pth")); }), HasSubstr(".onnx"));
}

TEST_F(TrainFromCode, says_what_is_missing_or_wrong) {
  TrainOptions wanted = options();
  wanted.data.clear();
  EXPECT_THAT(error_of<Error>([&] { training::train(at("run"), wanted); }), HasSubstr("give the store to train on"));
  wanted.data = at("none.db");
  EXPECT_THAT(error_of<Error>([&] { training::train(at("run"), wanted); }), HasSubstr("none.db"));
  wanted = options({"train.epoch=3"});
  EXPECT_THAT(error_of<Error>([&] { training::train(at("run"), wanted); }), HasSubstr("train.epochs"));
  wanted = options();
  wanted.resume = true;
  EXPECT_THAT(error_of<Error>([&] { training::train(at("run"), wanted); }), HasSubstr(at("run")));
  EXPECT_THAT(error_of<Error>([&] { read_log(at("run")); }), HasSubstr(at("run")));
  EXPECT_THAT(error_of<Error>([&] { training::evaluate(store_); }),
              HasSubstr("give the store to evaluate the model on"));
}

TEST_F(TrainFromCode, reads_the_faces_of_a_store_as_they_are_stored) {
  Store store = Store::open(store_);
  ASSERT_THAT(store.faces(), SizeIs(62));
  EXPECT_EQ(store.side(), 8);
  EXPECT_EQ(store.channels(), 1);
  EXPECT_TRUE(store.complete());
  EXPECT_THAT(store.part(Part::train), SizeIs(40));
  EXPECT_THAT(store.part(Part::test), SizeIs(12));
  EXPECT_EQ(store.faces()[store.part(Part::val)[3]].part, Part::val);
  EXPECT_THAT(store.faces(), Each(Field(&StoredFace::source, "drawn")));
  EXPECT_EQ(store.faces()[5].age_low, store.faces()[5].age);
  std::vector<std::size_t> places{61, 0, 61};
  std::vector<std::uint8_t> pixels(3 * 64);
  store.read(places, pixels, 2);
  store::Store same(store_);
  std::vector<std::uint8_t> wanted;
  for (std::size_t place : places) {
    std::vector<std::uint8_t> face = same.picture(store.faces()[place].row).pixels;
    wanted.insert(wanted.end(), face.begin(), face.end());
  }
  EXPECT_EQ(pixels, wanted);
  EXPECT_THAT(error_of<Error>([&] { store.read(places, std::span(pixels).first(64)); }), HasSubstr("192"));
  std::vector<std::size_t> beyond{62, 0, 0};
  EXPECT_THAT(error_of<Error>([&] { store.read(beyond, pixels); }), AllOf(HasSubstr("62"), HasSubstr("faces.db")));
}

}  // namespace
}  // namespace agewise::training
