// What preparing makes of labels and names as people have them: copies, ranges, options, names that do not fit.
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "tests/prepare/collection.h"

namespace agewise::prepare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class PrepareLabels : public Collection {
 protected:
  void label(const std::string& text) const { base::write_file(folder_ / "labels.csv", text); }
};

// Kaggle's archive of UTKFace has each picture three times, in three folders.
TEST_F(PrepareLabels, copies_of_a_picture_stand_in_one_part) {
  std::string text = "file,age\n";
  std::vector<std::pair<std::string, std::vector<std::byte>>> pictures;
  for (int i = 0; i < 12; ++i) {
    for (const char* folder : {"crop_part1", "UTKFace", "utkface_aligned_cropped/UTKFace"}) {
      std::string name = std::string(folder) + "/" + std::to_string(i) + ".jpg";
      text += name + ",30\n";
      pictures.emplace_back(name, numbered_jpeg(i));
    }
  }
  label(text);
  write_folder(pictures);
  PrepareResult result = run({folder_ / "pictures"});
  EXPECT_EQ(result.faces, 36);
  EXPECT_EQ(result.copies.groups, 12);
  EXPECT_EQ(result.copies.faces, 36);
  EXPECT_EQ(result.copies.in_several_parts, 0);
  std::map<std::string, std::set<catalog::Split>> parts;
  for (const store::FaceRecord& face : store::Store(store()).faces())
    parts[face.file.substr(face.file.find_last_of('/'))].insert(face.split);
  ASSERT_EQ(parts.size(), 12U);
  std::set<catalog::Split> all;
  for (const auto& [name, own] : parts) {
    EXPECT_THAT(own, SizeIs(1)) << name;
    all.insert(own.begin(), own.end());
  }
  EXPECT_THAT(all, SizeIs(2)) << "there are two parts still";
}

TEST_F(PrepareLabels, copies_stay_where_the_labels_put_them_and_are_counted) {
  label("file,age,split\na/1.jpg,30,train\nb/1.jpg,30,test\n");
  write_folder({{"a/1.jpg", numbered_jpeg(1)}, {"b/1.jpg", numbered_jpeg(1)}});
  EXPECT_EQ(run({folder_ / "pictures"}).copies.in_several_parts, 1);
}

TEST_F(PrepareLabels, a_row_that_fits_two_copies_takes_one_of_them) {
  label("file,age\n1.jpg,30\n2.jpg,31\n");
  write_folder({{"a/1.jpg", numbered_jpeg(1)},
                {"b/1.jpg", numbered_jpeg(1)},
                {"a/2.jpg", numbered_jpeg(2)},
                {"b/2.jpg", numbered_jpeg(3)}});
  PrepareResult result = run({folder_ / "pictures"});
  EXPECT_EQ(result.faces, 1);
  EXPECT_EQ(result.rejects, (std::map<catalog::Reason, std::int64_t>{{catalog::Reason::ambiguous_name, 1}}))
      << "the two pictures 2.jpg differ";
}

TEST_F(PrepareLabels, rows_that_name_one_picture_share_it) {
  label("file,age\na.jpg,30\na.jpg,12\nb.jpg,40\n");
  write_folder({{"a.jpg", numbered_jpeg(1)}, {"b.jpg", numbered_jpeg(2)}});
  EXPECT_EQ(run({folder_ / "pictures"}).faces, 3);
}

TEST_F(PrepareLabels, ranges_of_ages_are_kept_as_such) {
  label("file,age\na.jpg,20-29\nb.jpg,more than 70\nc.jpg,31\nd.jpg,adult\n");
  write_folder({{"a.jpg", numbered_jpeg(1)}, {"b.jpg", numbered_jpeg(2)}, {"c.jpg", numbered_jpeg(3)}});
  run({folder_ / "pictures"});
  store::Store made(store());
  std::vector<store::FaceRecord> faces = made.faces();
  ASSERT_EQ(faces.size(), 3U);
  EXPECT_EQ(faces[0].age_range, (age::Range{20, 29}));
  EXPECT_TRUE(std::isnan(faces[0].age));
  EXPECT_EQ(faces[1].age_range, age::Range{70});
  EXPECT_FALSE(faces[2].age_range.has_value());
  EXPECT_EQ(faces[2].age, 31);
  ASSERT_EQ(made.rejects().size(), 1U);
  EXPECT_EQ(made.rejects()[0].reason, catalog::Reason::unreadable_age);
  EXPECT_EQ(made.rejects()[0].detail, "adult");
}

TEST_F(PrepareLabels, names_that_fit_no_picture_are_shown_beside_pictures) {
  label("file,age\nx1.jpg,30\nx2.jpg,30\nx3.jpg,30\nx4.jpg,30\n");
  write_folder({{"y1.jpg", numbered_jpeg(1)}, {"y2.jpg", numbered_jpeg(2)}});
  PrepareResult result = run({folder_ / "pictures"});
  EXPECT_THAT(result.labels_like, ElementsAre("x1.jpg", "x2.jpg", "x3.jpg"));
  EXPECT_THAT(result.pictures_like, ElementsAre("pictures/y1.jpg", "pictures/y2.jpg"));
}

TEST_F(PrepareLabels, names_that_mostly_fit_are_not_shown) {
  label("file,age\ny1.jpg,30\nx2.jpg,30\n");
  write_folder({{"y1.jpg", numbered_jpeg(1)}});
  EXPECT_THAT(run({folder_ / "pictures"}).labels_like, IsEmpty());
}

TEST_F(PrepareLabels, options_of_the_labels_belong_to_the_store_s_metadata) {
  label("bild,jahre\na.jpg,30\n");
  PrepareOptions options;
  options.label_options.columns = {{"file", "bild"}, {"age", "jahre"}};
  EXPECT_THAT(plan(options).metadata.labels, HasSubstr("\ncolumns age=jahre,file=bild"));
}

TEST_F(PrepareLabels, genders_as_digits_are_asked_for_only_where_they_matter) {
  label("file,age,gender\na.jpg,30,1\n");
  EXPECT_THAT(plan().notes, SizeIs(1));
  recipe_.screen.gender = recipe::GenderRule::required;
  EXPECT_THAT(error_of([&] { plan(); }), HasSubstr("--gender 1=male"));
  PrepareOptions options;
  options.label_options.one = catalog::Gender::male;
  EXPECT_THAT(plan(options).wanted, Not(IsEmpty()));
}

TEST_F(PrepareLabels, balancing_leaves_ranges_alone) {
  label("file,age\na,20\nb,21\nc,22\nd,50\ne,20-29\nf,20-29\n");
  PrepareOptions options;
  options.balance = true;
  options.recipe = recipe_;
  options.recipe.classes.edges = {30};
  options.recipe.classes.names.clear();
  EXPECT_THAT(plan(options).wanted, SizeIs(4)) << "one young, one old, and the ranges";
}

}  // namespace
}  // namespace agewise::prepare
