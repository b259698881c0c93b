#include "agewise/store/schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <charconv>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/store/rows.h"

namespace agewise::store {
namespace {

// Entry i makes a store of version i + 1 of one of version i; version 0 is an empty file. What was once released stays
// as it is: stores of that version are about.
constexpr std::array kMigrations{
    // 1: the metadata by name (read_metadata), and what became of each label row.
    R"sql(
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE faces (
  row INTEGER PRIMARY KEY,   -- number of the label row
  file TEXT NOT NULL, source TEXT NOT NULL, person TEXT NOT NULL, race TEXT NOT NULL,
  age REAL NOT NULL, age_sigma REAL, gender INTEGER NOT NULL, split INTEGER NOT NULL,
  kind INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, channels INTEGER NOT NULL, bits INTEGER NOT NULL,
  encoding TEXT NOT NULL,    -- 'raw' or 'jpeg'
  picture TEXT NOT NULL,     -- path of the original in its folder or archive
  pixels BLOB NOT NULL);
CREATE TABLE rejects (
  row INTEGER PRIMARY KEY, file TEXT NOT NULL, reason INTEGER NOT NULL, detail TEXT NOT NULL, picture TEXT NOT NULL);
)sql",

    // 2: where in their pictures faces were cut out: pixels, degrees (face/face.h), which some stores of version 1 have
    // already; and checksum() of each face's pixels as they are stored.
    R"sql(
CREATE TABLE IF NOT EXISTS places (
  row INTEGER PRIMARY KEY,
  left REAL NOT NULL, top REAL NOT NULL, right REAL NOT NULL, bottom REAL NOT NULL,
  angle REAL NOT NULL, score REAL NOT NULL, replicated REAL NOT NULL);
CREATE TABLE checksums (row INTEGER PRIMARY KEY, pixels INTEGER NOT NULL);
INSERT INTO checksums SELECT row, checksum(pixels) FROM faces;
)sql",

    // 3: of faces whose age is known only as a range its ends, the upper one NULL where it is open (`faces.age`, which
    // must not be NULL, then repeats the lower one); and checksum() of the file of each picture that a row found.
    R"sql(
CREATE TABLE age_ranges (row INTEGER PRIMARY KEY, low REAL NOT NULL, high REAL);
CREATE TABLE contents (row INTEGER PRIMARY KEY, file INTEGER NOT NULL);
)sql",

    // 4: checksum_of() what is said of each label row (rows.h), face or reject. Rows of before have none.
    R"sql(
CREATE TABLE records (row INTEGER PRIMARY KEY, face INTEGER NOT NULL, checksum INTEGER NOT NULL);
)sql",
};

// WantedRow; written when the shard is finished.
constexpr const char* kShardTables = R"sql(
CREATE TABLE wanted (row INTEGER PRIMARY KEY, person TEXT NOT NULL, split INTEGER NOT NULL, by_labels INTEGER NOT NULL);
)sql";

// SQL's checksum(BLOB).
void checksum_function(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_value_blob(values[0]));
  auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  sqlite3_result_int64(context, static_cast<sqlite3_int64>(base::checksum({bytes, size})));
}

int id_of(SQLite::Database& database) { return database.execAndGet("PRAGMA application_id").getInt(); }

void check_is_store(const std::filesystem::path& file, SQLite::Database& database) {
  int version = version_of(database), id = id_of(database);
  if ((id != kApplicationId && id != kShardApplicationId) || version < 1)
    throw base::file_error(file, "is not a store made by `agewise prepare`");
  if (version > newest_version()) {
    throw base::file_error(
        file,
        fmt::format("is a store of version {}, but this agewise reads versions up to {} only: use a newer agewise",
                    version, newest_version()));
  }
}

}  // namespace

int newest_version() { return static_cast<int>(kMigrations.size()); }

int version_of(SQLite::Database& database) { return database.execAndGet("PRAGMA user_version").getInt(); }

void migrate(SQLite::Database& database) {
  database.createFunction("checksum", 1, true, nullptr, checksum_function);
  if (version_of(database) == 0) database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  for (int version = version_of(database); version < newest_version(); ++version)
    database.exec(kMigrations[static_cast<std::size_t>(version)]);
  database.exec(fmt::format("PRAGMA user_version = {}", newest_version()));
}

void make_shard(SQLite::Database& database) {
  database.exec(fmt::format("PRAGMA application_id = {}", kShardApplicationId));
  database.exec(kShardTables);
}

void rethrow(const std::filesystem::path& file, const SQLite::Exception& problem) {
  switch (problem.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw HeldStore(file.string() + ": is in use by another process; wait until it has finished");
    case SQLITE_FULL:
      throw base::file_error(file,
                             "cannot be written, because the disk is full; what is already saved is safe: free some "
                             "space, then rerun the same command to resume");
    case SQLITE_IOERR:
      throw base::file_error(file, fmt::format("cannot be read or written ({}): check the disk, then rerun the same "
                                               "command; what is already saved is safe",
                                               problem.what()));
    case SQLITE_NOTADB:
      throw base::file_error(file, "is not a store made by `agewise prepare`");
    case SQLITE_CORRUPT:
      throw base::file_error(file, "is a damaged store; delete it and prepare it again");
    default:
      throw base::file_error(file, problem.what());
  }
}

// Not looked up by name: in a damaged table SQLite may pass by a name that is there.
std::map<std::string, std::string> all_metadata(SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT name, value FROM facts");
  std::map<std::string, std::string> metadata;
  while (query.executeStep()) metadata[query.getColumn(0).getString()] = query.getColumn(1).getString();
  return metadata;
}

std::string metadata_value(SQLite::Database& database, const char* name) { return all_metadata(database)[name]; }

namespace {

Shard shard_of(const std::filesystem::path& file, std::map<std::string, std::string>& all) {
  auto [number, count] = parse_shard(all["shard"]).value_or(std::pair{0, 0});
  if (number < 1 || number > count)
    throw base::file_error(file, "is a damaged shard: it does not say which; prepare it anew");
  return {number, count, all["program"], all["collection"], all["pictures"]};
}

}  // namespace

StoreMetadata read_metadata(const std::filesystem::path& file, SQLite::Database& database) {
  check_is_store(file, database);
  std::map<std::string, std::string> all = all_metadata(database);
  bool is_sealed = all.contains(kMetadataChecksum) || (version_of(database) >= 4 && all["complete"] == "yes");
  if (is_sealed && all[kMetadataChecksum] != metadata_checksum(all))
    throw base::file_error(
        file, "is a damaged store: its metadata does not match its checksum; delete it and prepare it again");
  StoreMetadata metadata;
  metadata.recipe = recipe::parse_recipe(all["recipe"], file.string() + ": its recipe");
  metadata.labels = all["labels"];
  metadata.complete = all["complete"] == "yes";
  const std::string& unasked = all["unasked"];
  std::from_chars(unasked.data(), unasked.data() + unasked.size(), metadata.unasked);  // 0 where it is not there yet
  if (id_of(database) == kShardApplicationId) metadata.shard = shard_of(file, all);
  return metadata;
}

}  // namespace agewise::store
