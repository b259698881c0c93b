#include "agewise/store/row_stream.h"

#include <deque>

#include "agewise/base/error.h"
#include "agewise/store/rows.h"
#include "agewise/store/schema.h"

namespace agewise::store {
namespace {

constexpr int kRowsAtOnce = 64;

struct Record {
  std::int64_t row;
  bool face;
  std::uint64_t checksum;
};

}  // namespace

struct RowStream::Implementation {
  std::filesystem::path file;
  SQLite::Database database;
  SQLite::Statement records_query, pixels_query;
  std::deque<Record> records;  // those of the rows at hand that were not given yet, and so the others
  std::deque<FaceRow> faces;
  std::deque<RejectRow> rejects;
  bool at_end = false;  // of records_query
  std::uint64_t count = 0;

  explicit Implementation(const std::filesystem::path& path)
      : file(path),
        database(path.string(), SQLite::OPEN_READONLY),
        records_query(database, "SELECT row, face, checksum FROM records ORDER BY row"),
        pixels_query(database,
                     "SELECT faces.pixels, checksums.pixels FROM faces LEFT JOIN checksums USING (row) WHERE row = ?") {
    check_list_of_rows(file, database);
    count = static_cast<std::uint64_t>(database.execAndGet("SELECT count(*) FROM records").getInt64());
  }

  void read_more() {
    while (!at_end && records.size() < kRowsAtOnce) {
      at_end = !records_query.executeStep();
      if (at_end) break;
      records.push_back({records_query.getColumn(0).getInt64(), records_query.getColumn(1).getInt() == 1,
                         static_cast<std::uint64_t>(records_query.getColumn(2).getInt64())});
    }
    if (records.empty()) return;
    RowRange range{records.front().row, records.back().row};
    for (FaceRow& row : read_face_rows(database, range)) faces.push_back(std::move(row));
    for (RejectRow& row : read_reject_rows(database, range)) rejects.push_back(std::move(row));
  }

  void read_pixels(StoredRow& row) {
    pixels_query.reset();
    pixels_query.bind(1, row.row);
    if (!pixels_query.executeStep()) throw row_is_missing(file, row.row);
    SQLite::Column pixels = pixels_query.getColumn(0), checksum = pixels_query.getColumn(1);
    std::optional<std::uint64_t> written;
    if (!checksum.isNull()) written = static_cast<std::uint64_t>(checksum.getInt64());
    std::span<const std::byte> bytes = bytes_of(pixels);
    check_face_pixels(file, row.row, bytes, written);
    row.encoded.assign(bytes.begin(), bytes.end());
  }

  void take_face(StoredRow& row, std::uint64_t checksum) {
    if (faces.empty() || faces.front().face.row != row.row) throw row_is_missing(file, row.row);
    if (checksum_of(faces.front().face, faces.front().picture) != checksum) throw row_differs(file, row.row);
    row.record = std::move(faces.front().face);
    row.picture = std::move(faces.front().picture);
    faces.pop_front();
    read_pixels(row);
  }

  void take_reject(StoredRow& row, std::uint64_t checksum) {
    if (rejects.empty() || rejects.front().reject.row != row.row) throw row_is_missing(file, row.row);
    if (checksum_of(rejects.front().reject, rejects.front().picture) != checksum) throw row_differs(file, row.row);
    row.record = std::move(rejects.front().reject);
    row.picture = std::move(rejects.front().picture);
    row.encoded.clear();
    rejects.pop_front();
  }

  bool next(StoredRow& row) {
    if (records.empty()) read_more();
    if (records.empty()) return false;
    Record record = records.front();
    records.pop_front();
    row.row = record.row;
    record.face ? take_face(row, record.checksum) : take_reject(row, record.checksum);
    return true;
  }
};

RowStream::RowStream(const std::filesystem::path& file) {
  if (Store(file).checksums_kept() != ChecksumsKept::all)
    throw base::file_error(file, "is a store of an earlier agewise: prepare it anew");
  try {
    implementation_ = std::make_unique<Implementation>(file);
  } catch (const SQLite::Exception& problem) {
    rethrow(file, problem);
  }
}

RowStream::RowStream(RowStream&&) noexcept = default;
RowStream::~RowStream() = default;

std::uint64_t RowStream::count() const { return implementation_->count; }

bool RowStream::next(StoredRow& row) {
  try {
    return implementation_->next(row);
  } catch (const SQLite::Exception& problem) {
    rethrow(implementation_->file, problem);
  }
}

}  // namespace agewise::store
