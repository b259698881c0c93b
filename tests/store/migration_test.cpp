// Stores of earlier versions: read as they are, and brought up to date when `prepare` goes on with them.
#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/store/store_writer.h"
#include "tests/error_of.h"

namespace agewise::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// As agewise of commit 934c3ae made them.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE faces (
  row INTEGER PRIMARY KEY,   -- number of the label row
  file TEXT NOT NULL, source TEXT NOT NULL, person TEXT NOT NULL, race TEXT NOT NULL,
  age REAL NOT NULL, age_sigma REAL, gender INTEGER NOT NULL, split INTEGER NOT NULL,
  kind INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, channels INTEGER NOT NULL, bits INTEGER NOT NULL,
  encoding TEXT NOT NULL,    -- 'raw' or 'jpeg'
  picture TEXT NOT NULL,     -- path of the original in its folder or tar
  pixels BLOB NOT NULL);
CREATE TABLE rejects (row INTEGER PRIMARY KEY, file TEXT NOT NULL, reason INTEGER NOT NULL, detail TEXT NOT NULL, picture TEXT NOT NULL);
)sql";
// Not yet in the first of them.
constexpr const char* kPlaces = R"sql(
CREATE TABLE IF NOT EXISTS places (
  row INTEGER PRIMARY KEY,
  left REAL NOT NULL, top REAL NOT NULL, right REAL NOT NULL, bottom REAL NOT NULL,
  angle REAL NOT NULL, score REAL NOT NULL, replicated REAL NOT NULL);
INSERT INTO places VALUES (4, 1, 2, 30, 40.5, -15, 1.25, 0.25);
)sql";

class OldStore : public testing::Test {
 protected:
  void SetUp() override {
    facts_.recipe = recipe::load_recipe("seed");
    facts_.recipe.face.size = 8;
    facts_.labels = "labels.csv";
    SQLite::Database database(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec("PRAGMA application_id = 1095194451; PRAGMA user_version = 1");  // "AGWS"
    database.exec(kVersion1);
    SQLite::Statement insert(database,
                             "INSERT INTO facts VALUES ('recipe', ?), ('labels', 'labels.csv'), ('complete', 'no')");
    insert.bind(1, recipe::to_toml(facts_.recipe));
    insert.exec();
    // A face of 64 bytes, all 7.
    database.exec(
        "INSERT INTO faces VALUES (4, 'face.jpg', 's', 'somebody', '', 33, NULL, 1, 2, 2, 20, 30, 4, 16, 'raw', "
        "'p/face.jpg', CAST(replace(hex(zeroblob(32)), '0', char(7)) AS BLOB))");
    database.exec("INSERT INTO rejects VALUES (2, 'other.jpg', 102, 'cut short', 'p/other.jpg')");
  }
  void TearDown() override {
    std::filesystem::remove(file_);
    std::filesystem::remove(file_.string() + "-journal");
  }

  void execute(const char* text) { SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec(text); }
  int number(const char* query) { return SQLite::Database(file_.string()).execAndGet(query).getInt(); }
  int version() { return number("PRAGMA user_version"); }

  void add_a_face() {
    StoreWriter writer(file_, facts_);
    FaceRecord face;
    face.row = 5;
    face.file = "new.jpg";
    face.age = 40;
    writer.add(face, encode_face(image::make_image(8, 8, 1)), "p/new.jpg");
    writer.finish(0);
  }

  std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / ("agewise-old-store-" + std::to_string(::getpid()) + ".db");
  StoreFacts facts_;
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
  EXPECT_EQ(version(), 2);
  {
    Store store(file_);
    ASSERT_EQ(store.faces().size(), 2U);
    EXPECT_EQ(store.picture(4).pixels[63], 7);
    EXPECT_EQ(store.picture(5).pixels[63], 0);
  }
  execute("UPDATE faces SET pixels = CAST(replace(hex(zeroblob(32)), '0', char(8)) AS BLOB) WHERE row = 4");
  EXPECT_THAT(error_of([&] { Store(file_).picture(4); }), HasSubstr("label row 4 is damaged"));
}

TEST_F(OldStore, keeps_its_places) {
  execute(kPlaces);
  EXPECT_EQ(Store(file_).faces_found(), 1);
  add_a_face();
  Store store(file_);
  EXPECT_EQ(store.faces_found(), 1);
  EXPECT_EQ(store.faces()[0].face->box.bottom, 40.5);
}

TEST_F(OldStore, that_is_complete_stays_as_it_is) {
  execute("UPDATE facts SET value = 'yes' WHERE name = 'complete'");
  EXPECT_TRUE(StoreWriter(file_, facts_).complete());
  EXPECT_EQ(version(), 1);
}

TEST_F(OldStore, that_is_refused_stays_as_it_is) {
  facts_.labels = "others.csv";
  EXPECT_THAT(error_of([&] { StoreWriter(file_, facts_); }), HasSubstr("other labels"));
  EXPECT_EQ(version(), 1);
}

// The migration's second step fails here; its first one is taken back.
TEST_F(OldStore, is_brought_up_to_date_wholly_or_not_at_all) {
  execute("CREATE TABLE checksums (other TEXT)");
  EXPECT_THAT(error_of([&] { StoreWriter(file_, facts_); }), AllOf(HasSubstr(file_.string()), HasSubstr("checksums")));
  EXPECT_EQ(version(), 1);
  EXPECT_EQ(number("SELECT count(*) FROM sqlite_master WHERE name = 'places'"), 0);
}

TEST_F(OldStore, of_no_version_is_none) {
  execute("PRAGMA user_version = 0");
  EXPECT_THAT(error_of([&] { Store{file_}; }), HasSubstr("is not a store"));
}

}  // namespace
}  // namespace agewise::store
