// Stores of earlier versions: read as they are, and brought up to date when `prepare` goes on with them.
#include <gmock/gmock.h>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/store/store_writer.h"
#include "tests/error_of.h"
#include "tests/store/old_store.h"

namespace agewise::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OldStore : public testing::Test {
 protected:
  int version() const { return old_.number("PRAGMA user_version"); }

  void add_a_face() const {
    StoreWriter writer(file_, metadata_);
    FaceRecord face;
    face.row = 5;
    face.file = "new.jpg";
    face.age = 40;
    writer.add(face, encode_face(image::make_image(8, 8, 1)), "p/new.jpg");
    writer.finish(0);
  }

  OldStoreFile old_;
  std::filesystem::path file_ = old_.path;
  StoreMetadata metadata_ = OldStoreFile::metadata();
};

TEST_F(OldStore, is_read_without_a_byte_of_it_being_written) {
  std::vector<std::byte> before = base::read_file(file_, 1 << 20);
  {
    Store store(file_);
    ASSERT_EQ(store.faces().size(), 1U);
    EXPECT_EQ(store.faces()[0].person, "somebody");
    EXPECT_EQ(store.picture(4).pixels[63], 7);
    EXPECT_EQ(store.rejects()[0].reason, catalog::Reason::undecodable);
    EXPECT_EQ(store.faces_found(), 0);
  }
  EXPECT_EQ(base::read_file(file_, 1 << 20), before);
}

TEST_F(OldStore, gets_checksums_of_its_faces_when_it_is_gone_on_with) {
  add_a_face();
  EXPECT_EQ(version(), 4);
  {
    Store store(file_);
    ASSERT_EQ(store.faces().size(), 2U);
    EXPECT_EQ(store.picture(4).pixels[63], 7);
    EXPECT_EQ(store.picture(5).pixels[63], 0);
  }
  old_.execute("UPDATE faces SET pixels = CAST(replace(hex(zeroblob(32)), '0', char(8)) AS BLOB) WHERE row = 4");
  EXPECT_THAT(error_of([&] { Store(file_).picture(4); }), HasSubstr("label row 4 is damaged"));
}

TEST_F(OldStore, keeps_its_places) {
  old_.add_places();
  EXPECT_EQ(Store(file_).faces_found(), 1);
  add_a_face();
  Store store(file_);
  EXPECT_EQ(store.faces_found(), 1);
  EXPECT_EQ(store.faces()[0].face->box.bottom, 40.5);
}

TEST_F(OldStore, that_is_complete_stays_as_it_is) {
  old_.execute("UPDATE facts SET value = 'yes' WHERE name = 'complete'");
  EXPECT_TRUE(StoreWriter(file_, metadata_).complete());
  EXPECT_EQ(version(), 1);
}

TEST_F(OldStore, that_is_refused_stays_as_it_is) {
  metadata_.labels = "others.csv";
  EXPECT_THAT(error_of([&] { StoreWriter(file_, metadata_); }), HasSubstr("other labels"));
  EXPECT_EQ(version(), 1);
}

// The migration's second step fails here; its first one is taken back.
TEST_F(OldStore, is_brought_up_to_date_wholly_or_not_at_all) {
  old_.execute("CREATE TABLE checksums (other TEXT)");
  EXPECT_THAT(error_of([&] { StoreWriter(file_, metadata_); }),
              AllOf(HasSubstr(file_.string()), HasSubstr("checksums")));
  EXPECT_EQ(version(), 1);
  EXPECT_EQ(old_.number("SELECT count(*) FROM sqlite_master WHERE name = 'places'"), 0);
}

TEST_F(OldStore, of_no_version_is_none) {
  old_.execute("PRAGMA user_version = 0");
  EXPECT_THAT(error_of([&] { Store{file_}; }), HasSubstr("is not a store"));
}

}  // namespace
}  // namespace agewise::store
