// What reading and writing share: how a store looks inside, and how it is opened.
//
// To keep something new in a store, append a migration to kMigrations in schema.cpp: new stores are made by all of them
// in turn, older ones get those that they lack when `prepare` goes on with them, and readers, which write nothing, ask
// with tableExists() for what an older store does not have. A property of a face is a table of its own, keyed by row
// (and named in kPropertiesOfFaces), not a column of `faces`: SQLite keeps the columns of a row one after the other,
// and to read one that lies behind the pixels it has to read the pixels.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include "agewise/store/store.h"

namespace agewise::store {

// In the file's header, SQLite's application_id: "AGWS", and of a shard, which has the tables of kShardTables as well,
// "AGWs". Before there were shards agewise took none but the former for a store.
inline constexpr int kApplicationId = 0x41475753, kShardApplicationId = 0x41475773;

// Of the stores that this program writes; it reads all from 1 on. In the file's header, SQLite's user_version.
int newest_version();
int version_of(SQLite::Database& database);

// Makes an empty database a store without rows, or a store of an older version one of the newest with the same rows.
// Called within a transaction, so that a process killed here leaves the old one. Throws as SQLite does.
void migrate(SQLite::Database& database);

// Makes a store that migrate() has just made a shard.
void make_shard(SQLite::Database& database);

// Tables that have a row, or none, for a row of `faces` (`contents` and `records` also of `rejects`), and lose it when
// that is replaced.
inline constexpr std::array kPropertiesOfFaces{"places", "checksums", "age_ranges", "contents", "records"};

// Turns what SQLite says into an Error that names the file and what to do.
[[noreturn]] void rethrow(const std::filesystem::path& file, const SQLite::Exception& problem);

// What the table `facts` has, by name; of one name, or nothing.
std::map<std::string, std::string> all_metadata(SQLite::Database& database);
std::string metadata_value(SQLite::Database& database, const char* name);

// Throws Error unless the open database is a store of a version that this program reads, with the metadata that were
// written.
StoreMetadata read_metadata(const std::filesystem::path& file, SQLite::Database& database);

}  // namespace agewise::store
