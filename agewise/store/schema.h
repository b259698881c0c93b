// What reading and writing share: how a store looks inside, and how it is opened.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>

#include "agewise/store/store.h"

namespace agewise::store {

inline constexpr int kApplicationId = 0x41475753;  // "AGWS", in the file's header
inline constexpr int kStoreVersion = 1;

inline constexpr const char* kSchema = R"sql(
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

// Where in their pictures faces were cut out: pixels, degrees (face/face.h). Stores of before this was kept have no
// such table; it is added to those that are gone on with.
inline constexpr const char* kPlacesSchema = R"sql(
CREATE TABLE IF NOT EXISTS places (
  row INTEGER PRIMARY KEY,
  left REAL NOT NULL, top REAL NOT NULL, right REAL NOT NULL, bottom REAL NOT NULL,
  angle REAL NOT NULL, score REAL NOT NULL, replicated REAL NOT NULL);
)sql";
bool has_places(SQLite::Database& database);

// Turns what SQLite says into an Error that names the file and what to do.
[[noreturn]] void rethrow(const std::filesystem::path& file, const SQLite::Exception& problem);

// Throws Error unless the open database is a store of a version that this program reads.
StoreFacts read_facts(const std::filesystem::path& file, SQLite::Database& database);

}  // namespace agewise::store
