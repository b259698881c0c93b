#include "agewise/store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/store/store_writer.h"
#include "tests/error_of.h"

namespace agewise::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    metadata_.recipe = recipe::load_recipe("seed");
    metadata_.recipe.face.size = 8;
    metadata_.labels = "labels.csv";
  }
  void TearDown() override {
    std::filesystem::remove(file_);
    std::filesystem::remove(file_.string() + "-journal");
  }

  static FaceRecord face(std::int64_t row) {
    FaceRecord record;
    record.row = row;
    record.file = "face.jpg";
    record.person = "somebody";
    record.age = 33;
    record.gender = catalog::Gender::female;
    record.split = catalog::Split::test;
    record.picture = {image::FileKind::png, 20, 30, 4, 16};
    return record;
  }

  void make() {
    StoreWriter writer(file_, metadata_);
    image::Image image = image::make_image(8, 8, 1);
    image.pixels[5] = 77;
    writer.add(face(4), encode_face(image), "p/face.jpg");
    writer.add(RejectRecord{2, "other.jpg", catalog::Reason::undecodable, "cut short"}, "p/other.jpg");
    writer.finish(9);
  }

  std::string error() const {
    try {
      Store store(file_);
    } catch (const base::Error& problem) {
      return problem.what();
    }
    return "no error";
  }

  std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / ("agewise-store-" + std::to_string(::getpid()) + ".db");
  StoreMetadata metadata_;
};

TEST_F(StoreTest, gives_back_what_was_put_in) {
  make();
  Store store(file_);
  ASSERT_EQ(store.faces().size(), 1U);
  FaceRecord found = store.faces()[0];
  EXPECT_EQ(found.row, 4);
  EXPECT_EQ(found.person, "somebody");
  EXPECT_EQ(found.gender, catalog::Gender::female);
  EXPECT_EQ(found.split, catalog::Split::test);
  EXPECT_EQ(found.picture.kind, image::FileKind::png);
  EXPECT_EQ(found.picture.bits, 16);
  EXPECT_TRUE(std::isnan(found.age_sigma));
  EXPECT_EQ(store.picture(4).pixels[5], 77);
  EXPECT_EQ(store.rejects()[0].detail, "cut short");
  EXPECT_EQ(store.metadata().unasked, 9);
  EXPECT_TRUE(store.metadata().complete);
  EXPECT_TRUE(is_store(file_));
}

TEST_F(StoreTest, knows_where_a_face_was_cut_out_until_a_newer_outcome_replaces_it) {
  FaceRecord cut = face(4), turned = face(5);
  cut.face = turned.face = face::Face{{1, 2, 30, 40.5}, -15, 1.25};
  turned.replicated = 0.25;
  {
    StoreWriter writer(file_, metadata_);
    writer.add(cut, encode_face(image::make_image(8, 8, 1)), "a");
    writer.add(turned, encode_face(image::make_image(8, 8, 1)), "b");
    writer.add(face(4), encode_face(image::make_image(8, 8, 1)), "c");
    writer.finish(0);
  }
  Store store(file_);
  EXPECT_EQ(store.faces_found(), 1);
  std::vector<FaceRecord> faces = store.faces();
  EXPECT_FALSE(faces[0].face);
  ASSERT_TRUE(faces[1].face);
  EXPECT_EQ(faces[1].face->box.bottom, 40.5);
  EXPECT_EQ(faces[1].face->angle, -15);
  EXPECT_EQ(faces[1].face->score, 1.25);
  EXPECT_EQ(faces[1].replicated, 0.25);
}

TEST_F(StoreTest, a_flipped_byte_of_a_face_is_an_error_that_names_the_row) {
  make();
  // The pixel 77 among zeros: nothing else in the file looks so.
  std::vector<std::byte> bytes = base::read_file(file_, 1 << 20);
  const std::vector<std::byte> pixels{std::byte{0}, std::byte{0}, std::byte{77}, std::byte{0}, std::byte{0}};
  auto place = std::search(bytes.begin(), bytes.end(), pixels.begin(), pixels.end());
  ASSERT_NE(place, bytes.end());
  place[2] = std::byte{79};
  base::write_file(file_, bytes);
  EXPECT_THAT(error_of([&] { Store(file_).picture(4); }),
              AllOf(HasSubstr(file_.string()), HasSubstr("label row 4 is damaged"),
                    HasSubstr("delete the store and prepare it again")));
}

TEST_F(StoreTest, that_is_unfinished_and_damaged_is_not_continued) {
  base::StopFlag stop{false};
  std::uint64_t checked = 0;
  {
    StoreWriter writer(file_, metadata_);
    writer.add(face(4), encode_face(image::make_image(8, 8, 1)), "a");
    writer.add(face(5), encode_face(image::make_image(8, 8, 1)), "b");
    writer.commit();
  }
  {
    StoreWriter writer(file_, metadata_);
    writer.check_settled_faces(stop, [&](const base::Progress& progress) { checked = progress.done; });
    EXPECT_EQ(checked, 2U);
  }
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE)
      .exec("UPDATE faces SET pixels = zeroblob(63) || x'01' WHERE row = 5");
  StoreWriter writer(file_, metadata_);
  EXPECT_THAT(error_of([&] { writer.check_settled_faces(stop, {}); }), HasSubstr("label row 5 is damaged"));
}

TEST_F(StoreTest, a_face_whose_checksum_is_gone_is_not_trusted) {
  make();
  SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec("DELETE FROM checksums");
  EXPECT_THAT(error_of([&] { Store(file_).picture(4); }), HasSubstr("label row 4 is damaged"));
}

TEST_F(StoreTest, is_one_file_when_it_is_complete) {
  make();
  EXPECT_FALSE(std::filesystem::exists(file_.string() + "-journal"));
}

TEST_F(StoreTest, a_rows_newest_outcome_replaces_the_older_one) {
  {
    StoreWriter writer(file_, metadata_);
    writer.add(face(4), encode_face(image::make_image(8, 8, 1)), "a");
    writer.add(RejectRecord{4, "face.jpg", catalog::Reason::ambiguous_name, ""}, "");
    writer.add(RejectRecord{5, "face.jpg", catalog::Reason::undecodable, ""}, "");
    writer.add(face(5), encode_face(image::make_image(8, 8, 1)), "b");
    writer.commit();
  }
  Store store(file_);
  ASSERT_EQ(store.faces().size(), 1U);
  EXPECT_EQ(store.faces()[0].row, 5);
  ASSERT_EQ(store.rejects().size(), 1U);
  EXPECT_EQ(store.rejects()[0].row, 4);
}

TEST_F(StoreTest, what_is_no_store_of_ours_is_refused_by_name) {
  EXPECT_THAT(error(), HasSubstr("no such file"));
  base::write_file(file_, "hello");
  EXPECT_THAT(error(), AllOf(HasSubstr(file_.string()), HasSubstr("is not a store")));
  std::filesystem::remove(file_);
  {
    SQLite::Database other(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE t (x)");
  }
  EXPECT_THAT(error(), HasSubstr("is not a store"));
}

TEST_F(StoreTest, a_newer_version_says_which) {
  make();
  {
    SQLite::Database newer(file_.string(), SQLite::OPEN_READWRITE);
    newer.exec("PRAGMA user_version = 99");
  }
  EXPECT_THAT(error(), AllOf(HasSubstr("version 99"), HasSubstr("newer agewise")));
}

TEST_F(StoreTest, held_by_another_process_says_so) {
  make();
  SQLite::Database holder(file_.string(), SQLite::OPEN_READWRITE);
  holder.exec("BEGIN EXCLUSIVE");
  EXPECT_THAT(error(), AllOf(HasSubstr(file_.string()), HasSubstr("in use by another process")));
}

TEST_F(StoreTest, a_damaged_or_cut_file_is_an_error_and_never_a_crash) {
  make();
  std::vector<std::byte> whole = base::read_file(file_, 1 << 20);
  for (std::size_t size : {std::size_t{17}, std::size_t{100}, whole.size() / 2, whole.size() - 100}) {
    base::write_file(file_, std::span(whole).first(size));
    try {
      Store store(file_);
      store.faces();
      store.picture(4);
      store.rejects();
    } catch (const base::Error& problem) {
      EXPECT_THAT(problem.what(), HasSubstr(file_.string())) << size;
    }
  }
}

TEST_F(StoreTest, a_face_of_another_size_than_the_recipe_says_is_refused) {
  {
    StoreWriter writer(file_, metadata_);
    writer.add(face(4), encode_face(image::make_image(9, 9, 1)), "a");
    writer.finish(0);
  }
  Store store(file_);
  EXPECT_THROW(store.picture(4), base::Error);
  EXPECT_THROW(store.picture(77), base::Error);
}

}  // namespace
}  // namespace agewise::store
