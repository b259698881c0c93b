// predict, and info of a model, as a user meets them: on a model that tells bright pictures from dark ones.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Predict : public testing::Test {
 protected:
  Predict() {
    std::filesystem::create_directories(folder_ / "pictures/below");
    estimate::Model model = estimate::small_model("prediction = \"argmax\"");
    // Class 2 (70 years) where the mean pixel is above 128, class 0 (20 years) below.
    std::span<float> weights = estimate::parameter(model, "outputs.weight");
    std::fill(weights.begin() + 128, weights.end(), 1 / 64.0F);
    estimate::parameter(model, "outputs.bias")[2] = -128;
    model.notes = {{"licence", "research only"}};
    estimate::write_model(folder_ / "m.safetensors", model);
    draw("pictures/b.png", 250);
    draw("pictures/a.PNG", 5);
    draw("pictures/below/c.png", 200);
    base::write_file(folder_ / "pictures/notes.txt", std::string_view("no picture"));
  }
  ~Predict() override { std::filesystem::remove_all(folder_); }

  void draw(const std::string& name, int grey) {
    image::Image image = image::make_image(20, 30, 3);
    std::fill(image.pixels.begin(), image.pixels.end(), static_cast<std::uint8_t>(grey));
    base::write_file(folder_ / name, image::encode_png(image));
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Outcome predict(const std::string& arguments) const {
    return run("predict --model " + at("m.safetensors") + " " + arguments);
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("predict" + std::to_string(::getpid()));
};

TEST_F(Predict, prints_age_class_and_file_of_the_pictures_in_a_folder_sorted) {
  Outcome outcome = predict(at("pictures"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, " 20.0  under 30     " + at("pictures/a.PNG") + "\n 70.0  60 and over  " +
                                at("pictures/b.png") + "\n 70.0  60 and over  " + at("pictures/below/c.png") + "\n");
}

TEST_F(Predict, keeps_the_order_in_which_files_are_named) {
  Outcome outcome = predict("--json " + at("pictures/b.png") + " " + at("pictures/a.PNG"));
  json all = json::parse(outcome.output);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["file"], at("pictures/b.png"));
  EXPECT_EQ(all[0]["age"], 70);
  EXPECT_EQ(all[0]["class"], "60 and over");
  EXPECT_FALSE(all[0].contains("distribution"));
  EXPECT_EQ(all[1]["age"], 20);
}

TEST_F(Predict, prints_the_distribution_when_asked) {
  draw("middle.png", 128);  // all outputs 0
  EXPECT_EQ(predict("--distribution " + at("middle.png")).output,
            " 20.0  under 30     " + at("middle.png") +
                "\n        33.3 %  under 30\n        33.3 %  30–59\n        33.3 %  60 and over\n");
  json all = json::parse(predict("--json --distribution " + at("middle.png")).output);
  ASSERT_EQ(all[0]["distribution"].size(), 3U);
  EXPECT_EQ(all[0]["distribution"][1]["class"], "30–59");
  EXPECT_NEAR(all[0]["distribution"][1]["probability"].get<double>(), 1 / 3.0, 1e-6);
}

TEST_F(Predict, tells_why_a_picture_is_broken_goes_on_and_exits_with_1) {
  base::write_file(folder_ / "broken.jpg", std::string_view("\xff\xd8\xff\xe0 cut short"));
  std::string files = at("broken.jpg") + " " + at("pictures/b.png") + " " + at("absent.jpg");
  Outcome outcome = predict(files);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("agewise: " + at("broken.jpg") + ": "),
                                    HasSubstr("agewise: " + at("absent.jpg") + ": cannot open: No such file"),
                                    HasSubstr(" 70.0  60 and over  " + at("pictures/b.png")),
                                    HasSubstr("agewise: 2 of 3 pictures could not be read\n")));
  std::string output = predict("--json " + files).output;
  // Standard error's line comes first.
  json all = json::parse(output.substr(output.find("[\n")));
  EXPECT_THAT(all[0]["problem"], StartsWith(at("broken.jpg") + ": "));
  EXPECT_EQ(all[1]["age"], 70);
}

TEST_F(Predict, reads_more_pictures_than_go_through_the_network_at_once) {
  std::string files;
  for (int i = 0; i < 70; ++i) files += " " + at(i % 3 == 0 ? "pictures/a.PNG" : "pictures/b.png");
  json all = json::parse(predict("--json" + files).output);
  ASSERT_EQ(all.size(), 70U);
  for (int i = 0; i < 70; ++i) EXPECT_EQ(all[i]["age"], i % 3 == 0 ? 20 : 70) << i;
}

// 8 × 8 grey pixels each, in the order printed; of a broken picture none.
TEST_F(Predict, writes_what_the_network_is_shown_of_each_face) {
  base::write_file(folder_ / "broken.jpg", std::string_view("no picture"));
  predict("--inputs " + at("inputs") + " " + at("pictures/b.png") + " " + at("broken.jpg") + " " +
          at("pictures/a.PNG"));
  EXPECT_EQ(base::read_text_file(folder_ / "inputs", 1000), std::string(64, '\xfa') + std::string(64, '\x05'));
}

TEST_F(Predict, takes_the_best_checkpoint_of_a_run) {
  std::filesystem::create_directory(folder_ / "run");
  std::filesystem::copy(folder_ / "m.safetensors", folder_ / "run/best.safetensors");
  EXPECT_THAT(run("predict --model " + at("run") + " " + at("pictures/b.png")).output,
              StartsWith(" 70.0  60 and over"));
  EXPECT_EQ(run("predict --model " + at("pictures") + " " + at("pictures/b.png")).exit_code, 1);
}

TEST_F(Predict, refuses_what_is_no_model_or_holds_no_pictures) {
  Outcome outcome = run("predict --model " + at("pictures/b.png") + " " + at("pictures"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, StartsWith("agewise: " + at("pictures/b.png") + ": "));
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_EQ(predict(at("empty")).output,
            "agewise: " + at("empty") + ": holds no pictures (JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP, TIFF)\n");
}

TEST_F(Predict, takes_the_model_that_comes_along_where_none_is_named) {
  Outcome outcome = run("predict --json " + at("pictures/a.PNG"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(json::parse(outcome.output)[0]["interval"]["coverage"], 0.9);
}

// A dark picture, in which there is no face.
TEST_F(Predict, looks_for_faces_when_asked_and_says_that_it_took_the_whole_picture) {
  Outcome outcome = predict("--detect " + at("pictures/a.PNG"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, " 20.0  under 30     " + at("pictures/a.PNG") + "  no face found: the whole picture\n");
  json all = json::parse(predict("--detect --json " + at("pictures/a.PNG")).output);
  EXPECT_TRUE(all[0]["box"].is_null());
  EXPECT_EQ(all[0]["age"], 20);
}

TEST_F(Predict, draws_what_it_found_into_a_copy_of_one_picture) {
  EXPECT_EQ(predict("--detect " + at("pictures/a.PNG") + " --draw " + at("marked.png")).exit_code, 0);
  image::Decoded marked = image::decode(base::read_file(folder_ / "marked.png", 1 << 20));
  EXPECT_EQ(marked.info.width, 20);
  EXPECT_EQ(marked.info.height, 30);
  EXPECT_EQ(predict("--detect " + at("pictures") + " --draw " + at("marked.png")).exit_code, 2);
  EXPECT_THAT(predict(at("pictures/a.PNG") + " --draw " + at("marked.png")).output, HasSubstr("add --detect"));
}

// 3e38 is a number, 3e38 · 250 is none.
TEST_F(Predict, says_of_a_face_whose_age_is_no_number_that_there_is_none_and_exits_with_1) {
  estimate::Model model = estimate::small_model();
  std::ranges::fill(estimate::parameter(model, "outputs.weight"), 3e38F);
  estimate::write_model(folder_ / "huge.safetensors", model);
  draw("black.png", 0);
  std::string command =
      "predict --model " + at("huge.safetensors") + " " + at("black.png") + " " + at("pictures/b.png");
  Outcome outcome = run(command);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("    –  " + at("pictures/b.png") + "  the network's output is not a number\n"),
                    HasSubstr("agewise: the network gives no age for 1 face: "), HasSubstr(at("black.png")),
                    testing::Not(HasSubstr("nan"))));
  Outcome as_json = run(command + " --json --distribution 2>/dev/null");
  json all = json::parse(as_json.output);
  EXPECT_TRUE(all[0]["age"].is_number());
  EXPECT_TRUE(all[1]["age"].is_null());
  EXPECT_EQ(all[1]["reason"], "the network's output is not a number");
  EXPECT_FALSE(all[1].contains("distribution"));
}

// Latin-1: \xE9 is no UTF-8.
TEST_F(Predict, opens_a_file_whose_name_is_not_utf8_and_escapes_it_in_json) {
  std::filesystem::create_directory(folder_ / "latin");
  draw("latin/caf\xE9.png", 250);
  Outcome outcome = predict("--json " + at("latin"));
  EXPECT_EQ(outcome.exit_code, 0);
  json all = json::parse(outcome.output);
  EXPECT_EQ(all[0]["file"], at("latin/caf\\xE9.png"));
  EXPECT_EQ(all[0]["age"], 70);
}

TEST_F(Predict, names_a_folder_that_it_may_not_list_goes_on_and_exits_with_1) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list every folder";
  std::filesystem::permissions(folder_ / "pictures/below", std::filesystem::perms::none);
  Outcome outcome = predict(at("pictures"));
  std::string as_json = predict("--json " + at("pictures") + " 2>/dev/null").output;
  std::filesystem::permissions(folder_ / "pictures/below", std::filesystem::perms::owner_all);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr(at("pictures/below") + ": cannot be listed: Permission denied\n"),
                                    HasSubstr(" 70.0  60 and over  " + at("pictures/b.png")),
                                    HasSubstr("agewise: 1 folder could not be listed\n")));
  json all = json::parse(as_json);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["file"], at("pictures/below"));
}

TEST_F(Predict, of_face_crops_given_a_photograph_says_how_to_have_the_faces_found) {
  base::write_file(folder_ / "group.png", image::encode_png(image::make_image(400, 300, 3)));
  Outcome outcome = predict(at("group.png") + " " + at("pictures/a.PNG"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output,
              HasSubstr("agewise: warning: " + at("group.png") + ": the whole picture is taken for one face"));
  EXPECT_THAT(outcome.output, HasSubstr("--detect looks for the faces"));
  EXPECT_THAT(predict("--detect " + at("group.png")).output, testing::Not(HasSubstr("warning")));
  EXPECT_THAT(predict(at("pictures/a.PNG")).output, testing::Not(HasSubstr("warning")));
}

// script(1) runs a command on a terminal of its own.
TEST_F(Predict, prints_a_head_on_a_terminal_only) {
  std::string command = "script -qec '" AGEWISE_PROGRAM " --kernels default predict --model " + at("m.safetensors") +
                        " " + at("pictures/b.png") + "' /dev/null </dev/null";
  std::string output = run_command(command).output;
  EXPECT_THAT(output, HasSubstr("  age  class        file\r\n 70.0  60 and over  "));
  EXPECT_THAT(predict(at("pictures/b.png")).output, StartsWith(" 70.0"));
}

TEST_F(Predict, draws_over_nothing_but_its_own_drawing) {
  std::string picture = at("pictures/b.png");
  std::vector<std::byte> before = base::read_file(picture, 1 << 20);
  for (const char* force : {"", " --force"}) {
    Outcome itself = predict("--detect " + picture + " --draw " + picture + force);
    EXPECT_EQ(itself.exit_code, 2);
    EXPECT_THAT(itself.output, HasSubstr("is what this command reads"));
  }
  Outcome other = predict("--detect " + at("pictures/a.PNG") + " --draw " + picture);
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.output, HasSubstr(picture + ": exists, and agewise did not write it"));
  EXPECT_EQ(base::read_file(picture, 1 << 20), before);
  for (int time = 0; time < 2; ++time)
    EXPECT_EQ(predict("--detect " + picture + " --draw " + at("marked.png")).exit_code, 0);
  EXPECT_EQ(predict("--detect " + at("pictures/a.PNG") + " --draw " + picture + " --force").exit_code, 0);
  EXPECT_NE(base::read_file(picture, 1 << 20), before);
}

TEST_F(Predict, has_its_model_shown_by_info) {
  Outcome outcome = run("info " + at("m.safetensors"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("a model by recipe small, 195 parameters"),
                                    HasSubstr("grey faces of 8×8 pixels, times 1"),
                                    HasSubstr("outputs  fully-connected  3×1×1"), HasSubstr("licence: research only")));
  json card = json::parse(run("info --json " + at("m.safetensors")).output);
  EXPECT_EQ(card["parameters"], 195);
  EXPECT_EQ(card["layers"][1]["kind"], "fully-connected");
  EXPECT_EQ(card["classes"][2]["years"], 70);
  EXPECT_EQ(card["notes"]["licence"], "research only");
  EXPECT_EQ(card["whitening"], nullptr);
}

}  // namespace
}  // namespace agewise::app
