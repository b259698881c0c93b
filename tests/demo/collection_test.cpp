#include "demo/collection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/catalog/screen.h"
#include "agewise/image/decode.h"
#include "agewise/image/encode.h"
#include "agewise/prepare/sources.h"
#include "demo/cast.h"
#include "demo/picture.h"

namespace agewise::demo {
namespace {

namespace fs = std::filesystem;

class Collection : public testing::Test {
 protected:
  Collection()
      : folder(fs::path(testing::TempDir()) / "agewise_collection" /
               testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder);
  }
  ~Collection() override { fs::remove_all(folder); }

  fs::path folder;
  base::StopFlag stop{false};
};

std::map<std::string, std::vector<std::byte>> content_of(const fs::path& pictures) {
  std::map<std::string, std::vector<std::byte>> content;
  std::unique_ptr<prepare::PictureSource> source = prepare::open_pictures(pictures);
  for (prepare::SourceEntry entry; source->next(entry);) content[entry.path] = source->read().bytes;
  return content;
}

TEST_F(Collection, reads_back_as_the_cast_that_it_was_drawn_from) {
  CollectionFiles files = draw_collection(folder, {100, 5}, 2, stop);
  std::vector<CastMember> cast = make_cast(100, 5);
  catalog::Catalog catalog = catalog::read_labels(files.labels);
  EXPECT_EQ(catalog.kind, "IMDB-WIKI .mat");
  ASSERT_EQ(catalog.rows.size(), cast.size());
  for (std::size_t i = 0; i < cast.size(); ++i) {
    const catalog::CatalogRow& row = catalog.rows[i];
    const WikiRow& drawn = cast[i].row;
    EXPECT_EQ(row.source, "wiki");
    EXPECT_EQ(row.file, drawn.full_path.substr(0, drawn.full_path.find(' ')));
    EXPECT_EQ(row.person, drawn.name);
    EXPECT_EQ(row.born, drawn.dob);
    EXPECT_EQ(row.taken, drawn.photo_taken);
    EXPECT_EQ(row.gender, std::isnan(drawn.gender) ? catalog::Gender::unknown
                          : drawn.gender == 1      ? catalog::Gender::male
                                                   : catalog::Gender::female);
    EXPECT_EQ(row.face_score, drawn.face_score);
    EXPECT_TRUE(row.face);
  }
}

TEST_F(Collection, holds_the_pictures_that_the_labels_name_but_for_the_missing) {
  CollectionFiles files = draw_collection(folder, {200, 2}, 2, stop);
  std::map<std::string, std::vector<std::byte>> content = content_of(files.pictures);
  for (const CastMember& member : make_cast(200, 2)) {
    std::string path = member.row.full_path.substr(0, member.row.full_path.find(' '));
    EXPECT_EQ(content.count(path) == 0, member.flaw == Flaw::missing_file) << path;
  }
}

image::Decoded drawn_with(Flaw flaw) {
  CastMember member = make_cast(1, 1)[0];
  member.flaw = flaw;
  return image::decode(draw_picture(member, base::Random(1, base::Purpose::test)));
}

TEST(DrawnPicture, is_a_good_one_except_where_it_is_meant_to_be_bad) {
  CastMember member = make_cast(1, 1)[0];
  for (Flaw flaw : {Flaw::none, Flaw::no_face, Flaw::second_face, Flaw::low_score, Flaw::blanks_in_path, Flaw::png}) {
    image::Decoded decoded = drawn_with(flaw);
    ASSERT_TRUE(decoded.image) << decoded.problem;
    EXPECT_EQ(decoded.info.width, member.width);
    EXPECT_EQ(decoded.info.height, member.height);
    EXPECT_EQ(decoded.info.kind, flaw == Flaw::png ? image::FileKind::png : image::FileKind::jpeg);
  }
  EXPECT_EQ(drawn_with(Flaw::one_pixel).info.width, 1);
  for (Flaw flaw : {Flaw::empty_file, Flaw::truncated_file, Flaw::web_page}) EXPECT_FALSE(drawn_with(flaw).image);
}

TEST_F(Collection, is_the_same_on_any_number_of_threads) {
  CollectionFiles one = draw_collection(folder / "1", {60, 9}, 1, stop),
                  four = draw_collection(folder / "4", {60, 9}, 4, stop);
  EXPECT_EQ(base::read_file(one.pictures, 1 << 30), base::read_file(four.pictures, 1 << 30));
}

TEST_F(Collection, leaves_nothing_behind_when_stopped) {
  stop = true;
  EXPECT_THROW(draw_collection(folder, {10, 1}, 1, stop), base::Interrupted);
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(Collection, of_real_faces_keeps_their_bytes_ages_and_genders) {
  fs::create_directories(folder / "faces");
  std::vector<std::byte> face = image::encode_jpeg(image::make_image(20, 30, 3), 90);
  for (const char* name : {"a.jpg", "b.jpg", "stranger.jpg"}) base::write_file(folder / "faces" / name, face);
  base::write_file(folder / "labels.csv",
                   std::string_view("file,age,gender,group\na.jpg,0,female,1\nb.jpg,71,male,2\nc.jpg,,male,3\n"));
  CollectionFiles files = copy_collection(folder, folder / "labels.csv", folder / "faces", stop);
  std::vector<catalog::CatalogRow> rows = catalog::read_labels(files.labels).rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(catalog::age_of(rows[0], recipe::AgeRule::mid_year), 0);
  EXPECT_EQ(catalog::age_of(rows[1], recipe::AgeRule::mid_year), 71);
  EXPECT_EQ(rows[0].gender, catalog::Gender::female);
  EXPECT_EQ(rows[1].gender, catalog::Gender::male);
  EXPECT_EQ(rows[1].face->right, 20);
  EXPECT_EQ(rows[1].face->bottom, 30);
  EXPECT_EQ(catalog::screen(rows[1], {}), catalog::Reason::none);
  std::map<std::string, std::vector<std::byte>> content = content_of(files.pictures);
  EXPECT_EQ(content.size(), 2U);
  EXPECT_EQ(content[rows[0].file], face);
}

}  // namespace
}  // namespace agewise::demo
