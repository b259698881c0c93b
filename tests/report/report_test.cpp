#include "agewise/report/report.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agewise/report/curves.h"
#include "agewise/report/data.h"

namespace agewise::report {
namespace {

using testing::HasSubstr;
using testing::Not;

store::FaceRecord face(double age, catalog::Split split, std::string file = "a.jpg") {
  store::FaceRecord record;
  record.age = age;
  record.split = split;
  record.file = std::move(file);
  return record;
}

// The article's four classes; three faces, of which one is the worst mistake.
Report small_report() {
  Report report;
  report.title = "runs/one";
  report.recipe = recipe::load_recipe("seed");
  report.classes = recipe::classes_of(report.recipe.classes);
  report.faces = {face(4.5, catalog::Split::train), face(30, catalog::Split::train), face(101, catalog::Split::test)};
  report.epochs = {{.epoch = 1, .train = {1.4, 0.3, 20}, .validation = {1.3, 0.35, 18}, .best = true},
                   {.epoch = 2, .train = {1.2, 0.5, 15}, .validation = {NAN, 0.34, 19}}};
  evaluate::Evaluation evaluation;
  evaluation.class_names = report.classes.names;
  evaluation.confusion.assign(4, std::vector<std::int64_t>(4));
  evaluation.worst = {{report.faces[2], 20, 0}};
  report.evaluation = evaluation;
  return report;
}

// RFC 4648, section 10.
TEST(Base64, agrees_with_the_rfcs_examples) {
  auto encode = [](const std::string& text) { return base64(std::as_bytes(std::span(text))); };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xff\xfe\xfd"), "//79");
}

TEST(ReportData, counts_ages_by_five_years_and_classes_for_all_and_for_each_part) {
  nlohmann::json data = report_data(small_report());
  ASSERT_EQ(data["parts"].size(), 3);
  const nlohmann::json &all = data["parts"][0], &train = data["parts"][1], &test = data["parts"][2];
  EXPECT_EQ(all["pictures"], 3);
  EXPECT_EQ(data["age_bins"][0], "0–4");
  EXPECT_EQ(data["age_bins"][6], "30–34");
  EXPECT_EQ(data["age_bins"].back(), "100+");
  EXPECT_EQ(train["ages"][0], 1);
  EXPECT_EQ(train["ages"][6], 1);
  EXPECT_EQ(test["ages"].back(), 1);
  EXPECT_EQ(train["classes"], nlohmann::json({1, 1, 0, 0}));
  EXPECT_EQ(test["classes"], nlohmann::json({0, 0, 0, 1}));
}

// 28 to 31: two years in the bin 25–29 and under 30, two in 30–34 and from 30 on.
TEST(ReportData, counts_an_age_that_is_known_as_a_range_evenly_in_each_of_its_years) {
  Report report = small_report();
  report.faces = {face(NAN, catalog::Split::train)};
  report.faces[0].age_range = age::Range{28, 31};
  nlohmann::json train = report_data(report)["parts"][0];
  EXPECT_EQ(train["pictures"], 1);
  EXPECT_EQ(train["ages"][5], 0.5);
  EXPECT_EQ(train["ages"][6], 0.5);
  EXPECT_EQ(train["classes"], nlohmann::json({0.5, 0.5, 0, 0}));
}

TEST(ReportData, counts_ages_that_no_histogram_has_a_place_for_at_its_ends) {
  Report report = small_report();
  report.faces = {face(-74, catalog::Split::train), face(1996, catalog::Split::train)};
  nlohmann::json ages = report_data(report)["parts"][0]["ages"];
  EXPECT_EQ(ages.front(), 1);
  EXPECT_EQ(ages.back(), 1);
}

TEST(ReportData, has_null_for_what_is_not_known) {
  Report report = small_report();
  nlohmann::json data = nlohmann::json::parse(report_data(report).dump());
  EXPECT_TRUE(data["epochs"][1]["validation"]["loss"].is_null());
  EXPECT_FALSE(data["evaluation"]["all"]["model"].contains("epsilon_error"));
  EXPECT_TRUE(data["evaluation"]["all"]["model"].contains("cs5"));
  EXPECT_EQ(data["evaluation"]["majority_class"], report.classes.names[0]);
  EXPECT_TRUE(data["evaluation"]["worst"][0]["picture"].is_null());
  report.evaluation.reset();
  EXPECT_TRUE(report_data(report)["evaluation"].is_null());
}

TEST(ReportData, carries_the_worst_mistakes_as_jpegs) {
  Report report = small_report();
  report.picture = [](std::int64_t) { return image::make_image(16, 16, 1); };
  std::string picture = report_data(report)["evaluation"]["worst"][0]["picture"];
  // Every JPEG begins with FF D8 FF.
  EXPECT_THAT(picture, testing::StartsWith("data:image/jpeg;base64,/9j/"));
}

TEST(ReportData, shows_the_recipe_as_one_can_use_it) {
  Report report = small_report();
  std::string recipe = report_data(report)["recipe"];
  EXPECT_EQ(recipe::to_toml(recipe::parse_recipe(recipe, "report")), recipe::to_toml(report.recipe));
}

TEST(ReportHtml, is_one_file_that_asks_nothing_of_the_network) {
  std::string html = report_html(small_report());
  EXPECT_THAT(html, HasSubstr("Chart.js v"));
  for (const char* foreign : {"src=\"http", "src='http", "<script src", "@import", "url(http", "rel=\"stylesheet\""}) {
    EXPECT_THAT(html, Not(HasSubstr(foreign)));
  }
}

TEST(ReportHtml, cannot_be_broken_open_by_the_names_of_files) {
  Report report = small_report();
  report.evaluation->worst[0].face.file = "</script><script>alert(1)</script>";
  report.title = "\xff/*SCRIPT*/";  // not UTF-8, and one of the page's own marks
  std::string html = report_html(report);
  EXPECT_THAT(html, Not(HasSubstr("</script><script>alert")));
  EXPECT_THAT(html, HasSubstr("/*SCRIPT*/"));  // still there: it is the title, not the place of the script
  EXPECT_THAT(html, HasSubstr("\\u003c/script>"));
}

// 9.5 and 4 are more than twice the largest of the others, 1.6.
TEST(Curves, of_a_first_epoch_far_above_the_others_end_below_it_and_say_so) {
  Report report = small_report();
  report.epochs = {{.epoch = 1, .train = {9.5, 0.3, 20}, .validation = {4, 0.3, 18}},
                   {.epoch = 2, .train = {1.6, 0.4, 15}, .validation = {1.5, 0.4, 15}},
                   {.epoch = 3, .train = {1.4, 0.4, 14}, .validation = {NAN, 0.4, 14}},
                   {.epoch = 4, .train = {1.2, 0.4, 13}, .validation = {1.3, 0.4, 13}}};
  Plot plot = loss_plot(report.epochs);
  EXPECT_NEAR(plot.top, 1.68, 1e-9);
  EXPECT_EQ(plot.beyond, "beyond the axis: train 9.5, validation 4 in epoch 1");
  nlohmann::json data = report_data(report);
  EXPECT_NEAR(data["axis_ends"]["loss"]["top"].get<double>(), 1.68, 1e-9);  // as loss.png has it
  EXPECT_TRUE(data["axis_ends"]["mae"].is_null());
  report.epochs[0].train.loss = report.epochs[0].validation.loss = 3.1;
  EXPECT_EQ(loss_plot(report.epochs).top, 0);
}

TEST(ReportData, knows_a_finished_run_and_what_makes_training_harder) {
  Report report = small_report();
  report.recipe.train.epochs = 3;
  EXPECT_EQ(report_data(report)["finished"], false);
  report.recipe.train.epochs = 2;
  EXPECT_EQ(report_data(report)["finished"], true);
  report.recipe.train.epochs = 100;
  report.recipe.train.patience = 1;  // epoch 1 was the best
  EXPECT_EQ(report_data(report)["finished"], true);
  EXPECT_EQ(report_data(report)["harder_training"], "are seen with units switched off by dropout");
  report.recipe.augment.mirror = true;
  EXPECT_EQ(report_data(report)["harder_training"], "are augmented, and dropout switches units off");
  report.recipe.network.layers.clear();
  EXPECT_EQ(report_data(report)["harder_training"], "are augmented");
  report.recipe.augment.mirror = false;
  EXPECT_EQ(report_data(report)["harder_training"], "");
}

TEST(Curves, follow_the_log_and_mark_its_best_epoch) {
  std::vector<train::EpochRecord> epochs = small_report().epochs;
  EXPECT_EQ(train::best_epoch(epochs), 1);
  Plot plot = accuracy_plot(epochs);
  EXPECT_TRUE(plot.share);
  EXPECT_EQ(plot.marked_epoch, 1);
  EXPECT_EQ(plot.series[0].values, (std::vector<double>{0.3, 0.5}));
  EXPECT_EQ(plot.series[1].values, (std::vector<double>{0.35, 0.34}));
  EXPECT_EQ(loss_plot(epochs).series[0].values, (std::vector<double>{1.4, 1.2}));
}

}  // namespace
}  // namespace agewise::report
