#include "agewise/prepare/prepare.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/image/resize.h"
#include "tests/prepare/collection.h"

namespace agewise::prepare {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Prepare = Collection;

TEST_F(Prepare, a_tar_becomes_a_store_in_label_order_whatever_its_own) {
  write_labels(150);
  auto pictures = members(150);
  std::reverse(pictures.begin(), pictures.end());
  write_tar(folder_ / "pictures.tar", pictures);
  PrepareResult result = run({folder_ / "pictures.tar"});
  EXPECT_EQ(result.faces, 150);
  EXPECT_TRUE(result.rejects.empty());
  store::Store made(store());
  EXPECT_TRUE(made.metadata().complete);
  std::vector<store::FaceRecord> faces = made.faces();
  ASSERT_EQ(faces.size(), 150U);
  for (std::size_t i = 0; i < faces.size(); ++i) {
    EXPECT_EQ(faces[i].row, static_cast<std::int64_t>(i));
    EXPECT_EQ(faces[i].age, static_cast<double>(i % 90 + 1));
  }
  EXPECT_EQ(std::count_if(faces.begin(), faces.end(),
                          [](const store::FaceRecord& face) { return face.split == catalog::Split::train; }),
            105);
  EXPECT_EQ(
      made.picture(7).pixels,
      image::resize(image::to_grey(*image::decode(numbered_jpeg(7), {.grey = true, .enough_pixels = 16}).image), 16, 16)
          .pixels);
}

TEST_F(Prepare, folder_tar_compressed_tar_and_several_sources_give_the_same_store) {
  write_labels(40);
  auto pictures = members(40);
  write_folder(pictures);
  write_tar(folder_ / "all.tar", pictures);
  write_tar(folder_ / "all.tar.gz", pictures, true);
  write_tar(folder_ / "1.tar", {pictures.begin(), pictures.begin() + 25});
  write_tar(folder_ / "2.tar", {pictures.begin() + 25, pictures.end()});
  run({folder_ / "pictures"}, "folder.db");
  run({folder_ / "all.tar"}, "tar.db", 1);
  run({folder_ / "all.tar.gz"}, "gz.db", 4);
  run({folder_ / "2.tar", folder_ / "1.tar"}, "two.db");
  std::string expected = digest(store::Store(store("folder.db")));
  for (const char* name : {"tar.db", "gz.db", "two.db"}) EXPECT_EQ(digest(store::Store(store(name))), expected) << name;
}

TEST_F(Prepare, colour_faces_are_kept_as_jpeg_of_high_quality) {
  recipe_.face.colour = recipe::Colour::rgb;
  write_labels(1);
  write_tar(folder_ / "p.tar", members(1));
  run({folder_ / "p.tar"});
  image::Image stored = store::Store(store()).picture(0),
               exact = image::resize(*image::decode(numbered_jpeg(0), {.enough_pixels = 16}).image, 16, 16);
  ASSERT_EQ(stored.channels, 3);
  double difference = 0;
  for (std::size_t i = 0; i < exact.pixels.size(); ++i) difference += std::abs(stored.pixels[i] - exact.pixels[i]);
  EXPECT_LT(difference / static_cast<double>(exact.pixels.size()), 3);
}

TEST_F(Prepare, every_row_that_is_not_used_has_its_reason) {
  write_labels(3,
               "04/none.jpg,30\n05/cut.jpg,30\n06/empty.jpg,30\n07/text.jpg,30\n08/tiny.jpg,30\n09/old.jpg,140\n10/"
               "unborn.jpg,-3\n11/when.jpg,\n");
  auto pictures = members(3);
  std::vector<std::byte> cut = numbered_jpeg(5);
  cut.resize(cut.size() / 2);
  std::string text = "this is no picture";
  pictures.emplace_back("x/05/cut.jpg", cut);
  pictures.emplace_back("x/06/empty.jpg", std::vector<std::byte>{});
  pictures.emplace_back("x/07/text.jpg",
                        std::vector<std::byte>(reinterpret_cast<std::byte*>(text.data()),
                                               reinterpret_cast<std::byte*>(text.data()) + text.size()));
  pictures.emplace_back("x/08/tiny.jpg", numbered_jpeg(8, 1, 1));
  pictures.emplace_back("x/09/old.jpg", numbered_jpeg(9));
  pictures.emplace_back("x/nobody.jpg", numbered_jpeg(10));
  write_tar(folder_ / "p.tar", pictures);
  PrepareResult result = run({folder_ / "p.tar"});
  EXPECT_EQ(result.faces, 3);
  EXPECT_EQ(result.unasked, 1);
  std::map<catalog::Reason, std::int64_t> expected{
      {catalog::Reason::no_such_file, 1},      {catalog::Reason::undecodable, 3},
      {catalog::Reason::too_small, 1},         {catalog::Reason::unknown_age, 1},
      {catalog::Reason::age_above_maximum, 1}, {catalog::Reason::age_below_minimum, 1}};
  EXPECT_EQ(result.rejects, expected);
  std::vector<store::RejectRecord> rejects = store::Store(store()).rejects();
  EXPECT_EQ(rejects[1].file, "05/cut.jpg");
  EXPECT_FALSE(rejects[1].detail.empty());
}

TEST_F(Prepare, a_name_that_fits_two_rows_or_two_pictures_is_ambiguous_unless_a_better_one_comes) {
  base::write_file(folder_ / "labels.csv", "file,age\na/x.jpg,20\nb/x.jpg,30\ny.jpg,40\nc/z.jpg,50\n");
  write_tar(folder_ / "p.tar", {{"x.jpg", numbered_jpeg(1)},
                                {"p/y.jpg", numbered_jpeg(2)},
                                {"q/y.jpg", numbered_jpeg(3)},
                                {"q/z.jpg", numbered_jpeg(4)},
                                {"c/z.jpg", numbered_jpeg(5)},
                                {"r/z.jpg", numbered_jpeg(6)}});
  PrepareResult result = run({folder_ / "p.tar"});
  EXPECT_EQ(result.faces, 1);
  EXPECT_EQ(result.rejects, (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::ambiguous_name, 3}}));
  EXPECT_EQ(result.ambiguous_like, "row a/x.jpg: x.jpg matches other label rows as well");
  EXPECT_EQ(store::Store(store()).rejects()[2].detail, "q/y.jpg and another picture match");
  EXPECT_EQ(store::Store(store()).picture(3).pixels,
            image::resize(*image::decode(numbered_jpeg(5), {.grey = true, .enough_pixels = 16}).image, 16, 16).pixels);
}

TEST_F(Prepare, limit_sample_and_balance_choose_rows) {
  write_labels(180);
  EXPECT_EQ(plan({.limit = 50}).wanted.size(), 50U);
  EXPECT_EQ(plan({.limit = 50}).wanted.back(), 49U);
  PreparePlan sampled = plan({.limit = 50, .sample_seed = 3});
  EXPECT_EQ(sampled.wanted.size(), 50U);
  EXPECT_GT(sampled.wanted.back(), 100U);
  // Of the ages 1 … 90, twice each: 29 · 2 young, 15 · 2 middle, 15 · 2 old, 31 · 2 very old.
  PreparePlan balanced = plan({.balance = true});
  EXPECT_EQ(balanced.wanted.size(), 4 * 30U);
  EXPECT_EQ(balanced.rejects.size(), 180 - 120U);
}

TEST_F(Prepare, an_ordered_split_of_sorted_labels_is_noticed) {
  std::string csv = "file,age\n";
  for (int age = 1; age <= 100; ++age) csv += std::to_string(age) + ".jpg," + std::to_string(age) + "\n";
  base::write_file(folder_ / "labels.csv", csv);
  EXPECT_FALSE(catalog::is_gross(plan().share_difference));
  recipe_.split.rule = recipe::SplitRule::ordered;
  EXPECT_TRUE(catalog::is_gross(plan().share_difference));
}

// APPA-REAL's labels; the deviation is the voters'.
TEST_F(Prepare, a_real_age_is_kept_without_the_apparent_ones_deviation) {
  base::write_file(folder_ / "gt_avg_train.csv", "file_name,num_ratings,apparent_age_avg,apparent_age_std,real_age\n" +
                                                     members(1)[0].first + ",36,5.5,1.25,4\n");
  write_folder(members(1));
  for (recipe::AgeRule rule : {recipe::AgeRule::mid_year, recipe::AgeRule::real_age}) {
    recipe_.screen.age_rule = rule;
    base::StopFlag stop{false};
    std::filesystem::path store = folder_ / (rule == recipe::AgeRule::real_age ? "real.db" : "apparent.db");
    prepare(plan({.labels = {folder_ / "gt_avg_train.csv"}}), {folder_ / "pictures"}, store, 1, stop);
    store::FaceRecord face = store::Store(store).faces().at(0);
    EXPECT_EQ(face.age, rule == recipe::AgeRule::real_age ? 4 : 5.5);
    EXPECT_EQ(std::isnan(face.age_sigma), rule == recipe::AgeRule::real_age);
  }
}

TEST_F(Prepare, stopped_and_started_again_it_ends_with_the_same_store) {
  write_labels(2500);
  write_tar(folder_ / "p.tar", members(2500));
  run({folder_ / "p.tar"}, "whole.db");
  base::StopFlag stop{false};
  auto stop_after = [&](std::uint64_t rows) {
    return [&stop, rows](const base::Progress& progress) { stop = progress.done >= rows; };
  };
  for (std::uint64_t rows : {1, 700, 1400} /* up to 512 more are on their way */) {
    stop = false;
    EXPECT_THROW(prepare(plan(), {folder_ / "p.tar"}, store("stopped.db"), 2, stop, stop_after(rows)),
                 base::Interrupted);
    EXPECT_FALSE(store::Store(store("stopped.db")).metadata().complete);
  }
  PrepareResult result = run({folder_ / "p.tar"}, "stopped.db");
  EXPECT_TRUE(result.went_on);
  EXPECT_EQ(result.faces, 2500);
  EXPECT_EQ(digest(store::Store(store("stopped.db"))), digest(store::Store(store("whole.db"))));
}

TEST_F(Prepare, goes_on_only_with_the_same_labels_and_recipe) {
  write_labels(20);
  write_tar(folder_ / "p.tar", members(20));
  base::StopFlag stop{true};
  EXPECT_THROW(prepare(plan(), {folder_ / "p.tar"}, store(), 2, stop), base::Interrupted);
  recipe_.face.size = 32;
  EXPECT_THAT(error_of([&] { run({folder_ / "p.tar"}); }),
              AllOf(HasSubstr("faces.db"), HasSubstr("another recipe: face.size = 16, not 32")));
  recipe_.face.size = 16;
  write_labels(21);
  EXPECT_THAT(error_of([&] { run({folder_ / "p.tar"}); }),
              AllOf(HasSubstr("faces.db"), HasSubstr("other labels"), HasSubstr("20 rows"), HasSubstr("21 rows")));
  write_labels(20);
  EXPECT_EQ(run({folder_ / "p.tar"}).faces, 20);
}

TEST_F(Prepare, goes_on_with_another_recipe_for_training_which_the_store_then_has) {
  write_labels(20);
  write_tar(folder_ / "p.tar", members(20));
  base::StopFlag stop{true};
  EXPECT_THROW(prepare(plan(), {folder_ / "p.tar"}, store(), 2, stop), base::Interrupted);
  recipe_.train.learning_rate = 0.5;
  recipe_.name = "another";
  EXPECT_EQ(run({folder_ / "p.tar"}).faces, 20);
  EXPECT_EQ(store::Store(store()).metadata().recipe.train.learning_rate, 0.5);
  EXPECT_EQ(run({folder_ / "p.tar"}).other_training, "");
  recipe_.train.learning_rate = 0.25;
  EXPECT_EQ(run({folder_ / "p.tar"}).other_training, "train.learning_rate = 0.5, not 0.25");
  EXPECT_EQ(store::Store(store()).metadata().recipe.train.learning_rate, 0.5);
}

TEST_F(Prepare, a_complete_store_is_left_as_it_is) {
  write_labels(3);
  write_tar(folder_ / "p.tar", {{"q/unasked.jpg", numbered_jpeg(9)}, members(3)[1]});
  run({folder_ / "p.tar"});
  std::string made = digest(store::Store(store()));
  PrepareResult again = run({folder_ / "p.tar"});
  EXPECT_TRUE(again.was_complete);
  EXPECT_EQ(again.faces, 1);
  EXPECT_EQ(again.unasked, 1);
  EXPECT_EQ(again.rejects, (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::no_such_file, 2}}));
  EXPECT_EQ(digest(store::Store(store())), made);
  EXPECT_FALSE(std::filesystem::exists(store("faces.db-journal")));
}

// A folder's pictures keep their names whatever way the folder is spelled: none looks like a second one for its row.
TEST_F(Prepare, goes_on_with_the_same_folder_spelled_otherwise) {
  write_labels(1200);
  write_folder(members(1200));
  base::StopFlag stop{false};
  EXPECT_THROW(prepare(plan(), {folder_ / "pictures"}, store(), 2, stop,
                       [&](const base::Progress& progress) { stop = progress.done >= 100; }),
               base::Interrupted);
  std::filesystem::create_directory_symlink(folder_ / "pictures", folder_ / "link");
  PrepareResult result = run({folder_ / "link" / ".." / "pictures" / "."});
  EXPECT_TRUE(result.went_on);
  EXPECT_EQ(result.faces, 1200);
}

// Stripes are no face.
TEST_F(Prepare, with_detect_marks_pictures_without_a_face_or_rejects_them) {
  write_labels(6);
  write_folder(members(6));
  recipe_.face.detect = true;
  PrepareResult result = run({folder_ / "pictures"});
  EXPECT_EQ(result.faces, 6);
  EXPECT_EQ(result.whole_pictures, 6);
  store::Store whole(store());
  EXPECT_FALSE(whole.faces()[0].face);
  EXPECT_EQ(whole.faces_found(), 0);

  recipe_.face.no_face = recipe::NoFace::reject;
  result = run({folder_ / "pictures"}, "rejects.db");
  EXPECT_EQ(result.faces, 0);
  EXPECT_EQ(result.whole_pictures, 0);
  EXPECT_EQ(result.rejects.at(catalog::Reason::no_face_found), 6);
}

}  // namespace
}  // namespace agewise::prepare
