#include "agewise/store/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <span>
#include <utility>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/base/sealed.h"
#include "agewise/store/schema.h"

namespace agewise::store {
namespace {

// What is written one after the other, without ambiguity.
class Fields {
 public:
  Fields& add(std::int64_t number) {
    for (int byte = 0; byte < 8; ++byte) text_ += static_cast<char>(number >> 8 * byte);
    return *this;
  }
  // All NaN alike, and -0 as 0: SQLite keeps neither apart.
  Fields& add(double number) {
    return add(std::bit_cast<std::int64_t>(number == number ? number + 0.0 : catalog::kNotANumber));
  }
  Fields& add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    text_ += text;
    return *this;
  }
  template <class... Numbers>
  Fields& add_all(Numbers... numbers) {
    (add(static_cast<std::int64_t>(numbers)), ...);
    return *this;
  }
  std::uint64_t checksum() const { return base::checksum(std::as_bytes(std::span(text_))); }

 private:
  std::string text_;
};

// Values outside of an enum in a damaged or hostile store count as its first one.
template <class Enum>
Enum enum_at(const SQLite::Column& column, int values) {
  int value = column.getInt();
  return static_cast<Enum>(value >= 0 && value < values ? value : 0);
}

FaceRow face_at(SQLite::Statement& query) {
  FaceRecord face;
  face.row = query.getColumn(0).getInt64();
  face.file = query.getColumn(1).getString();
  face.source = query.getColumn(2).getString();
  face.person = query.getColumn(3).getString();
  face.race = query.getColumn(4).getString();
  face.age = query.getColumn(5).getDouble();
  face.age_sigma = query.getColumn(6).isNull() ? catalog::kNotANumber : query.getColumn(6).getDouble();
  face.gender = enum_at<catalog::Gender>(query.getColumn(7), 3);
  face.split = enum_at<catalog::Split>(query.getColumn(8), 3);
  face.picture = {enum_at<image::FileKind>(query.getColumn(9), image::kFileKinds), query.getColumn(10).getInt(),
                  query.getColumn(11).getInt(), query.getColumn(12).getInt(), query.getColumn(13).getInt()};
  return {std::move(face), query.getColumn(14).getString()};
}

// Calls `take` with each face that has a row in the table, and the query, whose columns these are, at that row.
template <class Take>
void for_each_in(SQLite::Database& database, const char* table, const char* columns, RowRange range,
                 std::vector<FaceRow>& faces, Take take) {
  if (!database.tableExists(table)) return;
  SQLite::Statement query(database, fmt::format("SELECT row, {} FROM {} WHERE row BETWEEN ? AND ?", columns, table));
  query.bind(1, range.first);
  query.bind(2, range.last);
  while (query.executeStep()) {
    std::int64_t row = query.getColumn(0).getInt64();
    auto face = std::lower_bound(faces.begin(), faces.end(), row,
                                 [](const FaceRow& one, std::int64_t wanted) { return one.face.row < wanted; });
    if (face != faces.end() && face->face.row == row) take(face->face, query);
  }
}

}  // namespace

std::vector<FaceRow> read_face_rows(SQLite::Database& database, RowRange range) {
  SQLite::Statement query(database,
                          "SELECT row, file, source, person, race, age, age_sigma, gender, split, kind, width, height, "
                          "channels, bits, picture FROM faces WHERE row BETWEEN ? AND ? ORDER BY row");
  query.bind(1, range.first);
  query.bind(2, range.last);
  std::vector<FaceRow> faces;
  while (query.executeStep()) faces.push_back(face_at(query));
  const char* place = "left, top, right, bottom, angle, score, replicated";
  for_each_in(database, "places", place, range, faces, [](FaceRecord& face, SQLite::Statement& at) {
    auto number = [&](int column) { return at.getColumn(column).getDouble(); };
    face.face = face::Face{{number(1), number(2), number(3), number(4)}, number(5), number(6)};
    face.replicated = number(7);
  });
  for_each_in(database, "age_ranges", "low, high", range, faces, [](FaceRecord& face, SQLite::Statement& at) {
    face.age = catalog::kNotANumber;
    face.age_range = age::Range{at.getColumn(1).getDouble()};
    if (!at.getColumn(2).isNull()) face.age_range->high = at.getColumn(2).getDouble();
  });
  for_each_in(database, "contents", "file", range, faces, [](FaceRecord& face, SQLite::Statement& at) {
    face.content = static_cast<std::uint64_t>(at.getColumn(1).getInt64());
  });
  return faces;
}

namespace {

// The checksums of a store's faces, or of its rejects; asked for in ascending order of the rows.
class Records {
 public:
  Records(std::filesystem::path file, SQLite::Database& database, bool faces) : file_(std::move(file)) {
    if (!database.tableExists("records")) return;
    check_list_of_rows(file_, database);
    SQLite::Statement query(database, "SELECT row, checksum FROM records WHERE face = ? ORDER BY row");
    query.bind(1, faces ? 1 : 0);
    while (query.executeStep())
      left_.push_back({query.getColumn(0).getInt64(), static_cast<std::uint64_t>(query.getColumn(1).getInt64())});
  }

  void check(std::int64_t row, std::uint64_t checksum) {
    if (next_ < left_.size() && left_[next_].row < row) throw row_is_missing(file_, left_[next_].row);
    if (next_ == left_.size() || left_[next_].row != row) return;  // of an earlier version
    if (left_[next_++].checksum != checksum) throw row_differs(file_, row);
  }

  void check_end() const {
    if (next_ < left_.size()) throw row_is_missing(file_, left_[next_].row);
  }

 private:
  struct Record {
    std::int64_t row;
    std::uint64_t checksum;
  };

  std::filesystem::path file_;
  std::vector<Record> left_;
  std::size_t next_ = 0;
};

}  // namespace

std::uint64_t checksum_of(const FaceRecord& face, std::string_view picture) {
  Fields fields;
  fields.add(face.row);
  for (std::string_view text : {std::string_view(face.file), std::string_view(face.source),
                                std::string_view(face.person), std::string_view(face.race), picture})
    fields.add(text);
  fields.add(face.age_range ? catalog::kNotANumber : face.age).add(face.age_sigma);
  fields.add_all(face.age_range.has_value(), face.gender, face.split, face.picture.kind, face.picture.width,
                 face.picture.height, face.picture.channels, face.picture.bits, face.face.has_value(), face.content);
  if (face.age_range) fields.add(face.age_range->low).add(face.age_range->high);
  if (face.face) {
    const auto& box = face.face->box;
    for (double number :
         {box.left, box.top, box.right, box.bottom, face.face->angle, face.face->score, face.replicated})
      fields.add(number);
  }
  return fields.checksum();
}

std::uint64_t checksum_of(const RejectRecord& reject, std::string_view picture) {
  Fields fields;
  fields.add(reject.row).add(std::string_view(reject.file)).add(std::string_view(reject.detail)).add(picture);
  fields.add_all(reject.reason, reject.content);
  return fields.checksum();
}

std::vector<FaceRecord> read_faces(const std::filesystem::path& file, SQLite::Database& database) {
  Records records(file, database, /*faces=*/true);
  std::vector<FaceRecord> faces;
  for (FaceRow& row : read_face_rows(database, {})) {
    records.check(row.face.row, checksum_of(row.face, row.picture));
    faces.push_back(std::move(row.face));
  }
  records.check_end();
  return faces;
}

std::vector<RejectRow> read_reject_rows(SQLite::Database& database, RowRange range) {
  bool contents = database.tableExists("contents");
  SQLite::Statement query(database, fmt::format("SELECT row, rejects.file, reason, detail, picture, {} FROM rejects {} "
                                                "WHERE row BETWEEN ? AND ? ORDER BY row",
                                                contents ? "ifnull(contents.file, 0)" : "0",
                                                contents ? "LEFT JOIN contents USING (row)" : ""));
  query.bind(1, range.first);
  query.bind(2, range.last);
  std::vector<RejectRow> rejects;
  while (query.executeStep()) {
    rejects.push_back({{query.getColumn(0).getInt64(), query.getColumn(1).getString(),
                        static_cast<catalog::Reason>(query.getColumn(2).getInt()), query.getColumn(3).getString(),
                        static_cast<std::uint64_t>(query.getColumn(5).getInt64())},
                       query.getColumn(4).getString()});
  }
  return rejects;
}

std::vector<RejectRecord> read_rejects(const std::filesystem::path& file, SQLite::Database& database) {
  Records records(file, database, /*faces=*/false);
  std::vector<RejectRecord> rejects;
  for (RejectRow& row : read_reject_rows(database, {})) {
    records.check(row.reject.row, checksum_of(row.reject, row.picture));
    rejects.push_back(std::move(row.reject));
  }
  records.check_end();
  return rejects;
}

std::vector<WantedRow> read_wanted(const std::filesystem::path& file, SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT row, person, split, by_labels FROM wanted ORDER BY row");
  std::vector<WantedRow> rows;
  while (query.executeStep()) {
    rows.push_back({query.getColumn(0).getInt64(),
                    {query.getColumn(1).getString(), enum_at<catalog::Split>(query.getColumn(2), 3),
                     query.getColumn(3).getInt() != 0}});
  }
  if (metadata_value(database, kWantedChecksum) != wanted_checksum(rows))
    throw damaged_store(file, "its list of wanted rows does not match its checksum");
  return rows;
}

void check_list_of_rows(const std::filesystem::path& file, SQLite::Database& database) {
  std::string known = metadata_value(database, kRecordsChecksum);
  if (!known.empty() && known != records_checksum(database))
    throw damaged_store(file, "its list of rows does not match its checksum");
}

base::Error damaged_store(const std::filesystem::path& file, const std::string& what) {
  return base::file_error(file, fmt::format("is a damaged store: {}; delete it and prepare it again", what));
}

base::Error row_differs(const std::filesystem::path& file, std::int64_t row) {
  return damaged_store(file, fmt::format("the record of label row {} does not match its checksum", row));
}

base::Error row_is_missing(const std::filesystem::path& file, std::int64_t row) {
  return damaged_store(file, fmt::format("label row {} is missing", row));
}

void check_face_pixels(const std::filesystem::path& file, std::int64_t row, std::span<const std::byte> pixels,
                       std::optional<std::uint64_t> written) {
  if (written == base::checksum(pixels)) return;
  throw base::file_error(
      file,
      fmt::format(
          "the face of label row {} is damaged: it does not match its checksum; delete the store and prepare it again",
          row));
}

std::span<const std::byte> bytes_of(const SQLite::Column& column) {
  return {static_cast<const std::byte*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

std::string records_checksum(SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT row, face, checksum FROM records ORDER BY row");
  Fields fields;
  while (query.executeStep()) {
    for (int column = 0; column < 3; ++column) fields.add(query.getColumn(column).getInt64());
  }
  return base::checksum_text(fields.checksum());
}

std::string wanted_checksum(std::span<const WantedRow> rows) {
  Fields fields;
  for (const WantedRow& row : rows) {
    fields.add(std::string_view(row.placed.person.str()));
    fields.add_all(row.row, row.placed.split, row.placed.by_labels);
  }
  return base::checksum_text(fields.checksum());
}

std::string metadata_checksum(const std::map<std::string, std::string>& metadata) {
  Fields fields;
  for (const auto& [name, value] : metadata) {
    if (name != kMetadataChecksum) fields.add(std::string_view(name)).add(std::string_view(value));
  }
  return base::checksum_text(fields.checksum());
}

}  // namespace agewise::store
