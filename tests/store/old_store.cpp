#include "tests/store/old_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace agewise::store {
namespace {

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

}  // namespace

ScratchFile::ScratchFile(const char* name)
    : path(std::filesystem::path(testing::TempDir()) /
           ("agewise-" + std::string(name) + "-" + std::to_string(::getpid()) + ".db")) {
  std::filesystem::remove(path);
}

ScratchFile::~ScratchFile() {
  std::filesystem::remove(path);
  std::filesystem::remove(path.string() + "-journal");
}

StoreMetadata OldStoreFile::metadata() {
  StoreMetadata metadata;
  metadata.recipe = recipe::load_recipe("seed");
  metadata.recipe.face.size = 8;
  metadata.labels = "labels.csv";
  return metadata;
}

OldStoreFile::OldStoreFile() : ScratchFile("old-store") {
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec("PRAGMA application_id = 1095194451; PRAGMA user_version = 1");  // "AGWS"
  database.exec(kVersion1);
  SQLite::Statement insert(database,
                           "INSERT INTO facts VALUES ('recipe', ?), ('labels', 'labels.csv'), ('complete', 'no')");
  insert.bind(1, recipe::to_toml(metadata().recipe));
  insert.exec();
  database.exec(
      "INSERT INTO faces VALUES (4, 'face.jpg', 's', 'somebody', '', 33, NULL, 1, 2, 2, 20, 30, 4, 16, 'raw', "
      "'p/face.jpg', CAST(replace(hex(zeroblob(32)), '0', char(7)) AS BLOB))");
  database.exec("INSERT INTO rejects VALUES (2, 'other.jpg', 102, 'cut short', 'p/other.jpg')");
}

void OldStoreFile::add_places() const { execute(kPlaces); }

void OldStoreFile::execute(const char* sql) const { SQLite::Database(path.string(), SQLite::OPEN_READWRITE).exec(sql); }

int OldStoreFile::number(const char* query) const { return SQLite::Database(path.string()).execAndGet(query).getInt(); }

}  // namespace agewise::store
