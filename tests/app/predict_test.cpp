// predict, and info of a model, as a user meets them: on a model that tells bright pictures from dark ones.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agewise/base/files.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "demo/portrait.h"
#include "tests/app/run_program.h"
#include "tests/estimate/small_model.h"

namespace agewise::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Predict : public testing::Test {
 protected:
  Predict() {
    std::filesystem::create_directories(folder_ / "pictures/below");
    estimate::Model model = estimate::small_model("[predict]\npoint_estimate = \"argmax\"");
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
  // Standard output alone.
  std::string printed(const std::string& arguments) const { return predict(arguments + " 2>/dev/null").output; }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / ("predict" + std::to_string(::getpid()));
};

TEST_F(Predict, prints_age_class_and_file_of_the_pictures_in_a_folder_sorted) {
  Outcome outcome = predict(at("pictures"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, " 20.0  under 30     " + at("pictures/a.PNG") + "  taken as a face crop\n" +
                                " 70.0  60 and over  " + at("pictures/b.png") + "  taken as a face crop\n" +
                                " 70.0  60 and over  " + at("pictures/below/c.png") + "  taken as a face crop\n" +
                                "3 pictures: 3 faces; skipped 1 other file\n");
}

TEST_F(Predict, keeps_the_order_in_which_files_are_named) {
  json all = json::parse(printed("--json " + at("pictures/b.png") + " " + at("pictures/a.PNG")));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["file"], at("pictures/b.png"));
  EXPECT_EQ(all[0]["age"], 70);
  EXPECT_EQ(all[0]["class"], "60 and over");
  EXPECT_FALSE(all[0].contains("distribution"));
  EXPECT_EQ(all[1]["age"], 20);
}

TEST_F(Predict, prints_the_distribution_when_asked) {
  draw("middle.png", 128);  // all outputs 0
  EXPECT_EQ(
      predict("--distribution " + at("middle.png")).output,
      " 20.0  under 30     " + at("middle.png") +
          "  taken as a face crop\n        33.3 %  under 30\n        33.3 %  30–59\n        33.3 %  60 and over\n");
  json all = json::parse(predict("--json --distribution " + at("middle.png")).output);
  ASSERT_EQ(all[0]["distribution"].size(), 3U);
  EXPECT_EQ(all[0]["distribution"][1]["class"], "30–59");
  EXPECT_NEAR(all[0]["distribution"][1]["probability"].get<double>(), 1 / 3.0, 1e-6);
}

// A broken picture is counted, a file that is not there is a failure.
TEST_F(Predict, tells_why_a_picture_is_broken_and_goes_on) {
  base::write_file(folder_ / "broken.jpg", std::string_view("\xff\xd8\xff\xe0 cut short"));
  std::string files = at("broken.jpg") + " " + at("pictures/b.png");
  Outcome outcome = predict(files);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("agewise: " + at("broken.jpg") + ": "),
                                    HasSubstr(" 70.0  60 and over  " + at("pictures/b.png")),
                                    HasSubstr("\n2 pictures: 1 face, 1 unreadable\n")));
  outcome = predict(files + " " + at("absent.jpg"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("agewise: " + at("absent.jpg") + ": cannot open: No such file"),
                                    HasSubstr("\n3 pictures: 1 face, 2 unreadable\n"),
                                    HasSubstr("agewise: 2 of 3 pictures could not be read\n")));
  json all = json::parse(printed("--json " + files));
  EXPECT_THAT(all[0]["problem"], StartsWith(at("broken.jpg") + ": "));
  EXPECT_TRUE(all[0]["age"].is_null());
  EXPECT_EQ(all[1]["age"], 70);
  EXPECT_EQ(predict(at("broken.jpg")).exit_code, 1);
  EXPECT_EQ(predict(at("broken.jpg") + " " + at("broken.jpg")).exit_code, 1);
}

TEST_F(Predict, reads_more_pictures_than_go_through_the_network_at_once) {
  std::string files;
  for (int i = 0; i < 70; ++i) files += " " + at(i % 3 == 0 ? "pictures/a.PNG" : "pictures/b.png");
  json all = json::parse(printed("--json" + files));
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
            "agewise: " + at("empty") + ": contains no pictures (JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP, TIFF)\n");
}

TEST_F(Predict, takes_the_model_that_comes_along_where_none_is_named) {
  Outcome outcome = run("predict --json --crops " + at("pictures/a.PNG"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(json::parse(outcome.output)[0]["interval"]["coverage"], 0.9);
}

// Dark pictures, in which there is no face.
TEST_F(Predict, gives_no_age_where_it_looked_for_faces_and_found_none) {
  Outcome outcome = predict("--detect " + at("pictures/a.PNG"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output, "    –               " + at("pictures/a.PNG") + "  no face found\n");
  json all = json::parse(predict("--detect --json " + at("pictures/a.PNG")).output);
  EXPECT_EQ(all, json::parse(R"([{"file": ")" + at("pictures/a.PNG") +
                             R"(", "box": null, "age": null, "reason": "no face found"}])"));
  EXPECT_EQ(predict("--detect --csv " + at("pictures/a.PNG")).output,
            "file,face,age,low,high,spread,male,class,left,top,right,bottom,angle,score,reason\r\n" +
                at("pictures/a.PNG") + ",,,,,,,,,,,,,,no face found\r\n");
  outcome = predict("--detect " + at("pictures"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("\n3 pictures: 0 faces, 3 without a face; skipped 1 other file\n"));
}

TEST_F(Predict, says_of_ready_crops_that_it_took_them_for_faces) {
  json one = json::parse(predict("--json " + at("pictures/b.png")).output)[0];
  EXPECT_TRUE(one["box"].is_null());
  EXPECT_EQ(one["crop"], true);
  EXPECT_EQ(one["age"], 70);
}

// Of the drawn faces of demo, in whom HOG finds what it looks for.
TEST_F(Predict, writes_the_same_as_an_array_as_lines_and_as_a_table) {
  base::write_file(
      folder_ / "a, \"b\".png",
      image::encode_png(
          demo::draw_portrait(35, catalog::Gender::female, 240, 240, {1, base::Purpose::test, 0, 5}).image));
  std::string files = "--detect --detector hog '" + at("a, \"b\".png") + "' " + at("pictures/a.PNG");
  json all = json::parse(printed("--json " + files));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0]["box"].is_array());
  std::string lines = printed("--jsonl " + files);
  ASSERT_EQ(std::ranges::count(lines, '\n'), 2);
  EXPECT_EQ(json::parse(lines.substr(0, lines.find('\n'))), all[0]);
  EXPECT_EQ(json::parse(lines.substr(lines.find('\n'))), all[1]);
  const json& face = all[0];
  auto text = [&](const char* key) { return face.at(key).dump(); };
  auto side = [&](std::size_t i) { return face.at("box").at(i).dump(); };
  std::string head = "file,face,age,low,high,spread,male,class,left,top,right,bottom,angle,score,reason\r\n";
  // Cut to the 8 pixels of this model it is blurred.
  EXPECT_EQ(printed("--csv " + files), head + "\"" + at("a, \"\"b\"\".png") + "\",1,,,,,,," + side(0) + "," + side(1) +
                                           "," + side(2) + "," + side(3) + "," + text("angle") + "," + text("score") +
                                           ",too blurred\r\n" + at("pictures/a.PNG") +
                                           ",,,,,,,,,,,,,,no face found\r\n");
  EXPECT_EQ(predict("--csv " + at("pictures/b.png")).output,
            head + at("pictures/b.png") + ",1,70.0,,,,,60 and over,,,,,,,\r\n");
  EXPECT_EQ(predict("--csv --json " + files).exit_code, 2);
  EXPECT_EQ(predict("--csv --distribution " + files).exit_code, 2);
}

TEST_F(Predict, writes_into_a_file_in_the_form_that_its_ending_names) {
  std::string pictures = at("pictures");
  EXPECT_EQ(predict("-o " + at("ages.json") + " " + pictures).output, "3 pictures: 3 faces; skipped 1 other file\n");
  EXPECT_EQ(json::parse(base::read_text_file(folder_ / "ages.json", 1 << 20)).size(), 3U);
  for (int time = 0; time < 2; ++time) EXPECT_EQ(predict("-o " + at("ages.csv") + " " + pictures).exit_code, 0);
  EXPECT_EQ(base::read_text_file(folder_ / "ages.csv", 1 << 20), printed("--csv " + pictures));
  EXPECT_EQ(predict("-o " + at("ages.txt") + " --jsonl " + pictures).exit_code, 0);
  EXPECT_EQ(base::read_text_file(folder_ / "ages.txt", 1 << 20), printed("--jsonl " + pictures));
  base::write_file(folder_ / "mine.csv", std::string_view("mine"));
  EXPECT_EQ(predict("-o " + at("mine.csv") + " " + pictures).exit_code, 2);
  EXPECT_EQ(predict("-o " + at("pictures/b.png") + " --force " + pictures).exit_code, 2);
}

TEST_F(Predict, takes_a_list_of_pictures_and_folders_from_a_file_or_standard_input) {
  base::write_file(folder_ / "list", std::string_view(at("pictures/b.png") + "\r\n\n" + at("pictures/below") + "\n"));
  base::write_file(folder_ / "zeros",
                   std::string_view(at("pictures/b.png") + std::string(1, '\0') + at("pictures/below")));
  std::string expected = printed(at("pictures/b.png") + " " + at("pictures/below"));
  EXPECT_EQ(printed("--files " + at("list")), expected);
  EXPECT_EQ(printed("--files " + at("zeros")), expected);
  for (const char* input : {"--files - <", "- <"}) EXPECT_EQ(printed(input + at("list")), expected);
  EXPECT_EQ(predict("").exit_code, 2);
  base::write_file(folder_ / "empty", std::string_view("\n"));
  EXPECT_THAT(predict("--files " + at("empty")).output, HasSubstr("lists no pictures"));
}

TEST_F(Predict, reads_the_pictures_in_archives_and_counts_what_is_none) {
  ASSERT_EQ(run_command("cd " + folder_.string() + " && tar cf pictures/below/p.tar pictures/a.PNG pictures/notes.txt" +
                        " pictures/b.png && tar cf q.tar pictures")
                .exit_code,
            0);
  json all = json::parse(printed("--json " + at("pictures/below")));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["file"], at("pictures/below/c.png"));
  EXPECT_EQ(all[1]["file"], at("pictures/below/p.tar/pictures/a.PNG"));
  EXPECT_EQ(all[1]["age"], 20);
  EXPECT_EQ(all[2]["age"], 70);
  EXPECT_THAT(predict(at("pictures/below")).output, HasSubstr("3 pictures: 3 faces; skipped 1 other file\n"));
  EXPECT_EQ(json::parse(printed("--json " + at("q.tar"))).size(), 5U);  // an archive within it, too
  base::write_file(folder_ / "broken.zip", std::string_view("no archive"));
  Outcome broken = predict(at("broken.zip") + " " + at("pictures/b.png"));
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.output, AllOf(HasSubstr("agewise: " + at("broken.zip") + ": "), HasSubstr(" 70.0  60 and over")));
}

// By whatever number of threads, and whatever pictures lie beside them.
TEST_F(Predict, gives_a_picture_the_same_age_to_the_last_digit_in_any_company) {
  std::string files;
  for (int i = 0; i < 40; ++i) files += " " + at(i % 2 == 0 ? "pictures/a.PNG" : "pictures/b.png");
  std::string one = printed("--threads 1 --json --distribution" + files);
  EXPECT_EQ(printed("--threads 4 --json --distribution" + files), one);
  json all = json::parse(one), two = json::parse(printed("--json --distribution " + at("pictures")));
  EXPECT_EQ(all[38], two[0]);
  EXPECT_EQ(all[39], two[1]);
}

// Stopped as soon as the first lines are there: the pipe is what is slow.
TEST_F(Predict, leaves_a_closed_array_and_whole_lines_behind_when_it_is_stopped) {
  std::string list;
  for (int i = 0; i < 20'000; ++i) list += at("pictures/a.PNG") + "\n";
  base::write_file(folder_ / "list", std::string_view(list));
  for (std::string format : {"--json", "--jsonl", "--csv"}) {
    std::string output = at("stopped" + format);
    Outcome outcome = run_command(
        fmt::format("cd {0}; mkfifo pipe{1}; " AGEWISE_PROGRAM
                    " --kernels default predict --model m.safetensors --files list {1} >pipe{1} 2>/dev/null & "
                    "(head -c 3000; kill -INT $!; cat) <pipe{1} >{2}; wait $!",
                    folder_.string(), format, output));
    EXPECT_EQ(outcome.exit_code, 130) << format << outcome.output;
    std::string text = base::read_text_file(output, 1 << 26);
    EXPECT_GE(text.size(), 3000U);
    EXPECT_LT(text.size(), 20'000 * 60U) << "was not stopped";
    if (format == "--json") {
      EXPECT_TRUE(json::accept(text)) << text.substr(text.size() - 200);
    } else {
      EXPECT_TRUE(text.ends_with(format == "--csv" ? "\r\n" : "\n"));
    }
    if (format == "--jsonl") {
      EXPECT_TRUE(json::accept(text.substr(text.rfind('\n', text.size() - 2) + 1)));
    }
  }
}

TEST_F(Predict, draws_what_it_found_into_a_copy_of_one_picture) {
  EXPECT_EQ(predict("--detect " + at("pictures/a.PNG") + " --draw " + at("marked.png")).exit_code, 0);
  image::Decoded marked = image::decode(base::read_file(folder_ / "marked.png", 1 << 20));
  EXPECT_EQ(marked.info.width, 20);
  EXPECT_EQ(marked.info.height, 30);
  EXPECT_EQ(predict("--detect " + at("pictures") + " --draw " + at("marked.png")).exit_code, 2);
  EXPECT_EQ(predict("--detect " + at("pictures") + " --draw " + at("pictures/notes.txt")).exit_code, 2);
  EXPECT_THAT(predict(at("pictures/a.PNG") + " --draw " + at("marked.png")).output, HasSubstr("add --detect"));
}

TEST_F(Predict, draws_a_folder_into_a_folder_under_the_same_names_and_overwrites_no_original) {
  for (int time = 0; time < 2; ++time)  // it may replace its own
    EXPECT_EQ(predict("--detect " + at("pictures") + " --draw " + at("drawn")).exit_code, 0);
  for (const char* name : {"a.PNG.png", "b.png.png", "below/c.png.png"})
    EXPECT_EQ(image::decode(base::read_file(folder_ / "drawn" / name, 1 << 20)).info.width, 20) << name;
  // Beside the originals, one of which has the name that another's drawing would have.
  std::filesystem::copy(folder_ / "pictures/b.png", folder_ / "pictures/b.png.png");
  for (const char* force : {"", " --force"}) {
    Outcome outcome = predict("--detect " + at("pictures/b.png") + " " + at("pictures/b.png.png") + " --draw " +
                              at("pictures") + force);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.output, HasSubstr("b.png.png: is an input of this command"));
  }
  EXPECT_EQ(base::read_file(folder_ / "pictures/b.png.png", 1 << 20),
            base::read_file(folder_ / "pictures/b.png", 1 << 20));
  // Two of one name.
  EXPECT_EQ(predict("--detect " + at("pictures/b.png") + " " + at("pictures/b.png") + " --draw " + at("two")).exit_code,
            0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "two/b.png.png"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "two/b.png.2.png"));
}

TEST_F(Predict, draws_into_no_folder_whose_pictures_it_reads) {
  for (const char* inside : {"pictures", "pictures/drawn", "drawn/../pictures/below/drawn"}) {
    Outcome outcome = predict("--detect " + at("pictures") + " --draw " + at(inside));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.output, HasSubstr("is inside " + at("pictures") + ", whose pictures are read"));
  }
  EXPECT_EQ(predict("--detect " + at("pictures/below") + " --draw " + at("pictures/drawn")).exit_code, 0);
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
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("    –  " + at("pictures/b.png") +
                                              "  taken as a face crop  the network's output is not a number\n"),
                                    HasSubstr("agewise: the network gives no age for 1 face: "),
                                    HasSubstr(at("black.png")), testing::Not(HasSubstr("nan"))));
  Outcome as_json = run(command + " --json --distribution 2>/dev/null");
  json all = json::parse(as_json.output);
  EXPECT_TRUE(all[0]["age"].is_number());
  EXPECT_TRUE(all[1]["age"].is_null());
  EXPECT_EQ(all[1]["reason"], "the network's output is not a number");
  EXPECT_FALSE(all[1].contains("distribution"));
}

TEST_F(Predict, tells_no_age_whose_interval_is_wider_than_the_model_allows) {
  estimate::Model model = estimate::read_model(at("m.safetensors"));
  model.intervals = estimate::Intervals{0.9, {{0, 5, 5}, {50, 30, 10}}};  // of 20 years 15–25, of 70 years 40–80
  model.recipe.predict.widest_interval = 39;
  estimate::write_model(folder_ / "doubt.safetensors", model);
  std::string command = "predict --model " + at("doubt.safetensors") + " ";
  Outcome told = run(command + at("pictures"));
  EXPECT_EQ(told.exit_code, 0);
  EXPECT_THAT(told.output, HasSubstr(" 20.0   (15–25)"));
  EXPECT_THAT(told.output, HasSubstr("b.png"));
  EXPECT_THAT(told.output, HasSubstr("  cannot tell: 40 to 80 years\n"));
  EXPECT_THAT(told.output, HasSubstr("3 pictures: 3 faces (2 of them without an age)"));
  json one = json::parse(run(command + "--json --distribution " + at("pictures/b.png")).output)[0];
  EXPECT_TRUE(one["age"].is_null());
  EXPECT_EQ(one["interval"]["high"], 80);
  EXPECT_FALSE(one.contains("distribution"));
  EXPECT_THAT(run(command + "--csv " + at("pictures/b.png")).output,
              HasSubstr("b.png,1,,40.0,80.0,,,,,,,,,,cannot tell: 40 to 80 years\r\n"));
  EXPECT_THAT(run(command + "--set predict.widest_interval=0 " + at("pictures/b.png")).output,
              HasSubstr(" 70.0   (40–80)"));
  ASSERT_EQ(run(command + "--inputs " + at("seen.raw") + " " + at("pictures/b.png")).exit_code, 0);
  EXPECT_EQ(std::filesystem::file_size(folder_ / "seen.raw"), 0U) << "only of faces whose age is told";
}

// The bright picture's distribution is all from 60 on, the dark one's half from 30 on.
TEST_F(Predict, prints_how_probable_it_is_that_somebody_is_of_an_age_or_older) {
  estimate::Model model = estimate::read_model(at("m.safetensors"));
  EXPECT_THAT(predict("--at-least 30 " + at("pictures/b.png")).output, HasSubstr("not calibrated for that"));
  model.intervals = estimate::Intervals{0.9, {}, {{0, -5, 5}}, {{30, 0, 0.25}}};  // sure, but not too sure
  estimate::write_model(folder_ / "older.safetensors", model);
  std::string command = "predict --model " + at("older.safetensors") + " --at-least 30 ";
  EXPECT_THAT(run(command + at("pictures/b.png")).output, HasSubstr("   91 %  "));  // 1 / (1 + 9999^(-1/4))
  EXPECT_THAT(run(command + at("pictures/a.PNG")).output, HasSubstr("   50 %  "));
  json one = json::parse(run(command + "--json " + at("pictures/b.png")).output)[0];
  EXPECT_EQ(one["at_least"]["years"], 30);
  EXPECT_NEAR(one["at_least"]["probability"].get<double>(), 1 / (1 + std::pow(9999, -0.25)), 1e-6);
  EXPECT_THAT(run(command + "--csv " + at("pictures/b.png")).output,
              AllOf(HasSubstr(",reason,at_least_30\r\n"), HasSubstr(",,0.909")));
  EXPECT_EQ(run(command + at("pictures/b.png") + " --at-least 31").exit_code, 2);
  model.recipe.predict.widest_interval = 1;
  estimate::write_model(folder_ / "older.safetensors", model);
  EXPECT_THAT(run(command + at("pictures/b.png")).output, HasSubstr(" years; 30 or older: 91 %\n"));
}

// Latin-1: \xE9 is no UTF-8.
TEST_F(Predict, opens_a_file_whose_name_is_not_utf8_and_escapes_it_in_json) {
  std::filesystem::create_directory(folder_ / "latin");
  draw("latin/caf\xE9.png", 250);
  json all = json::parse(printed("--json " + at("latin")));
  EXPECT_EQ(all[0]["file"], at("latin/caf\\xE9.png"));
  EXPECT_EQ(all[0]["age"], 70);
}

TEST_F(Predict, names_a_folder_that_it_may_not_list_goes_on_and_exits_with_1) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list every folder";
  std::filesystem::permissions(folder_ / "pictures/below", std::filesystem::perms::none);
  Outcome outcome = predict(at("pictures"));
  std::string as_json = printed("--json " + at("pictures"));
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
              HasSubstr("agewise: warning: " + at("group.png") + ": the whole picture is taken as one face"));
  EXPECT_THAT(outcome.output, HasSubstr("use --detect to find the faces"));
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
    Outcome itself = predict(fmt::format("--detect {0} --draw {0}{1}", picture, force));
    EXPECT_EQ(itself.exit_code, 2);
    EXPECT_THAT(itself.output, HasSubstr("is an input of this command"));
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
