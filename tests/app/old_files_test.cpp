// Files that the program of commit 934c3ae made (tests/golden/make_934c3ae.sh) are read by this one, to the same
// results. What it said then lies beside them. It computed with AVX2 on one thread; other kernels round otherwise,
// which is what the tolerances are for.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "agewise/base/files.h"
#include "tests/app/run_program.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kYears = 1e-3;     // of ages by the same weights
constexpr double kTrained = 1e-3;   // of losses, and of mean errors in years, after training on from the same state;
constexpr double kWhitened = 0.05;  // RMSprop on whitened pictures makes more of a rounding: 0.006 with AVX-512
constexpr std::size_t kLargest = 1 << 24;

constexpr const char* kByHog = " --detector hog";

class OldFiles : public testing::Test {
 protected:
  // On a copy, because runs go on in their folders.
  OldFiles() {
    std::filesystem::copy(AGEWISE_SOURCE_DIR "/tests/golden/934c3ae", folder_,
                          std::filesystem::copy_options::recursive);
  }
  ~OldFiles() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }

  std::string expected_text(const std::string& name) const {
    return base::read_text_file(folder_ / "expected" / name, kLargest);
  }
  json expected(const std::string& name) const { return json::parse(expected_text(name + ".json")); }

  // What a command with --json prints; run in the folder, as the old program was.
  json told(const std::string& arguments) const {
    Outcome outcome = run(arguments + " --json 2>/dev/null");
    EXPECT_EQ(outcome.exit_code, 0) << arguments << "\n" << outcome.output;
    json told = json::parse(outcome.output, nullptr, /*allow_exceptions=*/false);
    EXPECT_FALSE(told.is_discarded()) << arguments << "\n" << outcome.output;
    return told;
  }

  // The old predictions and figures of a model, and this program's: by the detector that was then the only one.
  void expect_same_ages(const std::string& model, const std::string& name, const std::string& options = kByHog) const;
  void expect_same_figures(const std::string& model, const std::string& data, const std::string& name,
                           double tolerance = kYears) const;
  // The last epoch of a run's log, and of the one that the old program would have written.
  void expect_same_end(const std::string& run, const std::string& name, double tolerance = kTrained) const;

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("old_files" + std::to_string(::getpid()));
};

void expect_near(const json& value, const json& then, double tolerance, const std::string& what) {
  if (then.is_null()) {
    EXPECT_TRUE(value.is_null()) << what;
    return;
  }
  ASSERT_TRUE(value.is_number()) << what << ": " << value;
  EXPECT_NEAR(value.get<double>(), then.get<double>(), tolerance) << what;
}

void OldFiles::expect_same_ages(const std::string& model, const std::string& name, const std::string& options) const {
  json all = told("predict --model " + at(model) + options + " " + at("pictures")), then = expected("predict-" + name);
  ASSERT_EQ(all.size(), then.size());
  for (std::size_t i = 0; i < then.size(); ++i) {
    std::string file = then[i]["file"];
    EXPECT_EQ(all[i].at("file"), at(file));
    if (then[i].contains("box") && then[i]["box"].is_null()) {
      // The old program took the whole picture where it found no face, as this one does where it is told that it is
      // one; then a JPEG is decoded at a smaller size.
      constexpr double kReduced = 0.1;  // years
      EXPECT_EQ(all[i].at("reason"), "no face found") << file;
      EXPECT_TRUE(all[i].at("age").is_null()) << file;
      json crop = told("predict --crops --model " + at(model) + " " + at(file));
      expect_near(crop[0].at("age"), then[i]["age"], kReduced, fmt::format("{}, age of the whole of {}", model, file));
      continue;
    }
    expect_near(all[i].at("age"), then[i]["age"], kYears, fmt::format("{}, age of {}", model, file));
    if (then[i].contains("male"))
      expect_near(all[i].at("male"), then[i]["male"], kYears, fmt::format("{}, gender of {}", model, file));
    if (then[i].contains("spread"))
      expect_near(all[i].at("spread"), then[i]["spread"], kYears, fmt::format("{}, spread of {}", model, file));
    if (then[i].contains("interval")) {
      for (const char* end : {"low", "high", "coverage"})
        expect_near(all[i].at("interval").at(end), then[i]["interval"][end], kYears,
                    fmt::format("{}, interval of {}", model, file));
    }
    if (!then[i].contains("box")) continue;
    ASSERT_EQ(all[i].at("box").size(), then[i]["box"].size()) << file;
    for (std::size_t side = 0; side < then[i]["box"].size(); ++side)
      expect_near(all[i]["box"][side], then[i]["box"][side], kYears, fmt::format("{}, box in {}", model, file));
  }
}

void OldFiles::expect_same_figures(const std::string& model, const std::string& data, const std::string& name,
                                   double tolerance) const {
  json then = expected("evaluate-" + name);
  json figures = told("evaluate " + at(model) + " --data " + at(data) + " --split " + then["part"].get<std::string>() +
                      " --report " + at("report.html"));
  EXPECT_EQ(figures.at("part"), then["part"]);
  EXPECT_EQ(figures.at("all").at("pictures"), then["all"]["pictures"]);
  expect_near(figures.at("all").at("model").at("mae"), then["all"]["model"]["mae"], tolerance, model + ", MAE");
  expect_near(figures.at("all").at("baseline").at("mae"), then["all"]["baseline"]["mae"], kYears, model + ", baseline");
}

void OldFiles::expect_same_end(const std::string& run, const std::string& name, double tolerance) const {
  auto last_line = [](const std::string& log) { return json::parse(log.substr(log.rfind('\n', log.size() - 2) + 1)); };
  json now = last_line(base::read_text_file(folder_ / run / "log.jsonl", kLargest));
  json then = last_line(expected_text("log-" + name + ".jsonl"));
  EXPECT_EQ(now.at("epoch"), then["epoch"]);
  for (const char* figure : {"train_loss", "train_mae", "validation_loss", "validation_mae"})
    expect_near(now.at(figure), then[figure], tolerance, run + ", " + figure);
}

TEST_F(OldFiles, the_stores_say_what_they_hold) {
  for (std::string store : {"colour", "grey"}) {
    json info = told("info " + at(store + ".db")), then = expected("info-" + store);
    for (const char* name : {"recipe", "labels", "complete", "faces", "rejected because of", "part"})
      EXPECT_EQ(info.at(name), then[name]) << store;
  }
}

TEST_F(OldFiles, the_model_says_what_it_is) {
  json card = told("info " + at("single.safetensors")), then = expected("info-single");
  for (const char* name : {"recipe", "parameters", "notes"}) EXPECT_EQ(card.at(name), then[name]);
}

TEST_F(OldFiles, the_models_estimate_the_same_ages) {
  expect_same_ages("single.safetensors", "single");
  expect_same_ages("half.safetensors", "half");
  expect_same_ages("ensemble.safetensors", "ensemble");
}

TEST_F(OldFiles, the_runs_are_models_too) {
  expect_same_ages("run", "run");
  // With whitening. The old program took the whole picture for the face, though the recipe has face.crop.
  expect_same_ages("grey-run", "grey-run", " --crops");
}

TEST_F(OldFiles, the_models_are_as_good_on_the_old_stores) {
  expect_same_figures("single.safetensors", "colour.db", "single");
  expect_same_figures("ensemble.safetensors", "colour.db", "ensemble");
  expect_same_figures("grey-run", "grey.db", "grey-run");
}

TEST_F(OldFiles, a_store_is_trained_upon_by_its_own_recipe_and_by_an_old_recipe_file) {
  EXPECT_EQ(run("train " + at("new") + " --data " + at("grey.db") + " --set train.epochs=1").exit_code, 0);
  EXPECT_EQ(run("train " + at("other") + " --data " + at("colour.db") + " --recipe " + at("colour.toml") +
                " --set train.epochs=1 --from " + at("single.safetensors"))
                .exit_code,
            0);
}

// Stopped in the midst of its last epoch; what its teacher said is in the folder.
TEST_F(OldFiles, a_run_goes_on_to_where_the_old_program_would_have_brought_it) {
  Outcome outcome = run("train " + at("run") + " --resume --data " + at("colour.db"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("resuming after 2 of"));
  expect_same_end("run", "run");
}

// Complete, and asked for more; the whitened pictures in its folder are still those of the store.
TEST_F(OldFiles, a_whitened_run_goes_on_for_more_epochs) {
  std::string whitened = base::read_text_file(folder_ / "grey-run/faces.f32", kLargest);
  Outcome outcome = run("train " + at("grey-run") + " --resume --data " + at("grey.db") + " --set train.epochs=3");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_EQ(base::read_text_file(folder_ / "grey-run/faces.f32", kLargest), whitened);
  expect_same_end("grey-run", "grey-run", kWhitened);
}

TEST_F(OldFiles, an_ensemble_goes_on_with_its_second_member) {
  Outcome outcome = run("train " + at("series-run") + " --resume --data " + at("colour.db"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  expect_same_end("series-run/member-02", "series-run-member-02");
  expect_same_figures("series-run", "colour.db", "resumed-series-run", kTrained);
}

}  // namespace
}  // namespace agewise::app
