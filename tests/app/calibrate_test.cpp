// agewise calibrate, on one store and on several.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/estimate/model.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"
#include "tests/train/tiny.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class Calibrate : public testing::Test {
 protected:
  Calibrate() {
    estimate::Model model = estimate::small_model();
    estimate::write_model(folder_ / "m.safetensors", model);
    train::tiny::make_store(folder_ / "exact.db", {.train = 10, .val = 60}, model.recipe);
    train::tiny::make_store(folder_ / "ranges.db", {.train = 10, .val = 40, .ranges = true}, model.recipe);
    train::tiny::make_store(folder_ / "few.db", {.train = 10, .val = 12}, model.recipe);
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Outcome calibrate(const std::string& options) const {
    return run("calibrate " + at("m.safetensors") + " -o " + at("c.safetensors") + " " + options);
  }

  train::tiny::Folder folder_;
};

TEST_F(Calibrate, takes_several_stores_and_says_how_the_intervals_hold_on_each) {
  std::string stores = "--data " + at("exact.db") + " --data " + at("ranges.db");
  Outcome told = calibrate("--json " + stores);
  ASSERT_EQ(told.exit_code, 0) << told.output;
  json figures = json::parse(told.output);
  EXPECT_EQ(figures["pictures"], 100);
  EXPECT_EQ(figures["coverage"], 0.9);
  ASSERT_EQ(figures["study"]["sources"].size(), 2U);
  EXPECT_EQ(figures["study"]["sources"][0]["name"], "exact");
  EXPECT_EQ(figures["study"]["sources"][1]["name"], "ranges");
  EXPECT_NEAR(figures["study"]["sources"][1]["pictures"].get<double>(), 40, 1e-9);
  for (const json& source : figures["study"]["sources"])
    EXPECT_EQ(source["reliability"].size(), figures["study"]["reliability"].size());
  estimate::Model model = estimate::read_model(folder_ / "c.safetensors");
  ASSERT_TRUE(model.intervals);
  EXPECT_EQ(figures["at_least"].size(), model.intervals->at_least.size());
  EXPECT_EQ(figures["groups"].size(), model.intervals->groups.size());
  EXPECT_THAT(model.notes.at("intervals"), HasSubstr("calibrated on 100 val pictures (exact, ranges)"));
  EXPECT_THAT(model.notes.at("measured"), HasSubstr("on 60 pictures"));  // of a range no error is known
  EXPECT_THAT(calibrate(stores).output, AllOf(HasSubstr("exact"), HasSubstr("ranges"), HasSubstr("years wide")));
}

TEST_F(Calibrate, keeps_the_users_notes_before_the_models_but_measures_itself) {
  estimate::Model before = estimate::read_model(folder_ / "m.safetensors");
  before.notes = {{"licence", "unknown"}, {"data", "labels.csv"}};
  estimate::write_model(folder_ / "m.safetensors", before);
  base::write_file(folder_ / "notes.txt", std::string_view("licence: research only\nmeasured: never\n"));
  Outcome outcome = calibrate("--data " + at("exact.db") + " --notes " + at("notes.txt"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  std::map<std::string, std::string> notes = estimate::read_model(folder_ / "c.safetensors").notes;
  EXPECT_EQ(notes.at("licence"), "research only");
  EXPECT_EQ(notes.at("data"), "labels.csv");
  EXPECT_THAT(notes.at("measured"), HasSubstr("on 60 pictures"));
}

TEST_F(Calibrate, makes_what_evaluate_measures_and_info_prints) {
  ASSERT_EQ(calibrate("--coverage 0.8 --data " + at("exact.db")).exit_code, 0);
  std::string measure = "evaluate " + at("c.safetensors") + " --data " + at("exact.db");
  json coverage = json::parse(run(measure + " --json").output)["coverage"];
  EXPECT_EQ(coverage["promised"], 0.8);
  EXPECT_GE(coverage["coverage"], 0.8);  // on the very pictures
  EXPECT_EQ(coverage["pictures"], 60);
  EXPECT_THAT(run(measure).output, HasSubstr("intervals of 80 %: "));
  EXPECT_THAT(run(measure + " --data " + at("few.db")).output,
              AllOf(HasSubstr("exact.db: intervals of 80 %: "), HasSubstr("few.db: intervals of 80 %: ")));
  json flipped = json::parse(run(measure + " --json --set predict.flip=true 2>/dev/null").output);
  EXPECT_TRUE(flipped["coverage"].is_null());
  json card = json::parse(run("info --json " + at("c.safetensors")).output);
  EXPECT_EQ(card["intervals"]["groups"][0]["from"], 0);
  EXPECT_THAT(run("info " + at("c.safetensors")).output, HasSubstr("80 % interval, true ages from"));
}

TEST_F(Calibrate, makes_probabilities_of_being_older_that_evaluate_measures_and_info_prints) {
  ASSERT_EQ(calibrate("--data " + at("exact.db")).exit_code, 0);
  estimate::Model model = estimate::read_model(folder_ / "c.safetensors");
  model.intervals->at_least = {{30, 0, 1}, {60, 0, 1}};
  estimate::write_model(folder_ / "c.safetensors", model);
  std::string measure = "evaluate " + at("c.safetensors") + " --data " + at("exact.db");
  json reliability = json::parse(run(measure + " --json").output)["reliability"];
  ASSERT_EQ(reliability.size(), 2U);
  EXPECT_EQ(reliability[1]["years"], 60);
  EXPECT_EQ(reliability[1]["pictures"], 60);
  EXPECT_EQ(reliability[1]["bins"].size(), 10U);
  std::string text = "probability of being N years or older, N from 30 to 60: expected calibration error at most ";
  EXPECT_THAT(run(measure).output, HasSubstr(text));
  EXPECT_THAT(run(measure + " --data " + at("ranges.db")).output,
              AllOf(HasSubstr("exact.db: " + text), HasSubstr("ranges.db: " + text)));
  EXPECT_THAT(run("info " + at("c.safetensors")).output,
              HasSubstr("the probability of being N years or older is calibrated for N from 30 to 60\n"));
}

TEST_F(Calibrate, refuses_stores_with_too_few_pictures) {
  Outcome outcome = calibrate("--data " + at("few.db"));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("too few val pictures (12) for intervals of 90 %"));
}

}  // namespace
}  // namespace agewise::app
