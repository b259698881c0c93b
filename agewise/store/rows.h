// The rows of an open store, read and compared with the checksum that each was written with.
//
// A checksum is of all that a store says of a label row but the face's pixels, which have one of their own. It lies in
// the table `records` of stores from version 4 on; rows of before, in a store that a later agewise finished, have none.
// Finishing a store writes a checksum of that table, and one of the metadata: from then on no row may be missing.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/store/store.h"

namespace agewise::store {

// `picture` is the path that the pictures' own source gives.
std::uint64_t checksum_of(const FaceRecord& face, std::string_view picture);
std::uint64_t checksum_of(const RejectRecord& reject, std::string_view picture);

struct FaceRow {
  FaceRecord face;
  std::string picture;
};

struct RejectRow {
  RejectRecord reject;
  std::string picture;
};

struct RowRange {
  std::int64_t first = std::numeric_limits<std::int64_t>::min(), last = std::numeric_limits<std::int64_t>::max();
};

// In label order, not compared with anything.
std::vector<FaceRow> read_face_rows(SQLite::Database& database, RowRange range);
std::vector<RejectRow> read_reject_rows(SQLite::Database& database, RowRange range);

// All, in label order. Throw Error naming file and row where one is not what was written, or is missing.
std::vector<FaceRecord> read_faces(const std::filesystem::path& file, SQLite::Database& database);
std::vector<RejectRecord> read_rejects(const std::filesystem::path& file, SQLite::Database& database);

// Of a shard, compared with the checksum that finishing it wrote.
std::vector<WantedRow> read_wanted(const std::filesystem::path& file, SQLite::Database& database);

// Throws Error unless the list of rows is what finishing the store wrote; of an unfinished one it does nothing.
void check_list_of_rows(const std::filesystem::path& file, SQLite::Database& database);

// "is a damaged store: " + what, and what to do.
base::Error damaged_store(const std::filesystem::path& file, const std::string& what);
base::Error row_differs(const std::filesystem::path& file, std::int64_t row);
base::Error row_is_missing(const std::filesystem::path& file, std::int64_t row);

// Throws Error naming file and row unless `pixels`, as they lie in the file, are what they were when `written` was made
// of them. Nothing: their checksum is missing.
void check_face_pixels(const std::filesystem::path& file, std::int64_t row, std::span<const std::byte> pixels,
                       std::optional<std::uint64_t> written);

// The bytes of a column, which last until the query's next step.
std::span<const std::byte> bytes_of(const SQLite::Column& column);

// What finish() notes under kRecordsChecksum and kMetadataChecksum, of the table `records` and of all other metadata.
inline constexpr const char* kRecordsChecksum = "records_checksum";
inline constexpr const char* kMetadataChecksum = "facts_checksum";
std::string records_checksum(SQLite::Database& database);
// Of a shard, of the table `wanted`.
inline constexpr const char* kWantedChecksum = "wanted_checksum";
std::string wanted_checksum(std::span<const WantedRow> rows);
std::string metadata_checksum(const std::map<std::string, std::string>& metadata);

}  // namespace agewise::store
