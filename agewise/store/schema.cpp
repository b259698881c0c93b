#include "agewise/store/schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "agewise/base/error.h"

namespace agewise::store {
namespace {

std::string fact(const SQLite::Database& database, const char* name) {
  SQLite::Statement query(database, "SELECT value FROM facts WHERE name = ?");
  query.bind(1, name);
  return query.executeStep() ? query.getColumn(0).getString() : "";
}

void check_is_store(const std::filesystem::path& file, SQLite::Database& database) {
  if (database.execAndGet("PRAGMA application_id").getInt() != kApplicationId)
    throw base::file_error(file, "is not a store that `agewise prepare` made");
  int version = database.execAndGet("PRAGMA user_version").getInt();
  if (version > kStoreVersion) {
    throw base::file_error(
        file, fmt::format("is a store of version {}; this agewise reads up to version {}: use a newer agewise", version,
                          kStoreVersion));
  }
}

}  // namespace

void rethrow(const std::filesystem::path& file, const SQLite::Exception& problem) {
  switch (problem.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw base::file_error(file, "is held by another process; wait until that is done");
    case SQLITE_FULL:
      throw base::file_error(
          file, "cannot write: the disk is full; what was committed is safe, and the same command goes on from there");
    case SQLITE_NOTADB:
      throw base::file_error(file, "is not a store that `agewise prepare` made");
    case SQLITE_CORRUPT:
      throw base::file_error(file, "is a damaged store; prepare it anew");
    default:
      throw base::file_error(file, problem.what());
  }
}

bool has_places(SQLite::Database& database) { return database.tableExists("places"); }

StoreFacts read_facts(const std::filesystem::path& file, SQLite::Database& database) {
  check_is_store(file, database);
  StoreFacts facts;
  facts.recipe = recipe::parse_recipe(fact(database, "recipe"), file.string() + ": its recipe");
  facts.labels = fact(database, "labels");
  facts.complete = fact(database, "complete") == "yes";
  std::string unasked = fact(database, "unasked");
  facts.unasked = unasked.empty() ? 0 : std::stoll(unasked);
  return facts;
}

}  // namespace agewise::store
