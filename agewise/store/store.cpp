#include "agewise/store/store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <mutex>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/store/content.h"
#include "agewise/store/schema.h"

namespace agewise::store {
namespace {

// Values outside of an enum in a damaged or hostile store count as its first one.
template <class Enum>
Enum enum_at(const SQLite::Column& column, int values) {
  int value = column.getInt();
  return static_cast<Enum>(value >= 0 && value < values ? value : 0);
}

FaceRecord face_at(SQLite::Statement& query) {
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
  return face;
}

// Calls `take` with each face that has a row in the table of `text`, and the query at that row.
template <class Take>
void for_each_in(SQLite::Database& database, const char* text, std::vector<FaceRecord>& faces, Take take) {
  SQLite::Statement query(database, text);
  while (query.executeStep()) {
    std::int64_t row = query.getColumn(0).getInt64();
    auto face = std::lower_bound(faces.begin(), faces.end(), row,
                                 [](const FaceRecord& one, std::int64_t wanted) { return one.row < wanted; });
    if (face != faces.end() && face->row == row) take(*face, query);
  }
}

void read_places(SQLite::Database& database, std::vector<FaceRecord>& faces) {
  const char* text = "SELECT row, left, top, right, bottom, angle, score, replicated FROM places";
  for_each_in(database, text, faces, [](FaceRecord& face, SQLite::Statement& query) {
    auto number = [&](int column) { return query.getColumn(column).getDouble(); };
    face.face = face::Face{{number(1), number(2), number(3), number(4)}, number(5), number(6)};
    face.replicated = number(7);
  });
}

void read_age_ranges(SQLite::Database& database, std::vector<FaceRecord>& faces) {
  for_each_in(database, "SELECT row, low, high FROM age_ranges", faces, [](FaceRecord& face, SQLite::Statement& query) {
    face.age = catalog::kNotANumber;
    face.age_range = age::Range{query.getColumn(1).getDouble()};
    if (!query.getColumn(2).isNull()) face.age_range->high = query.getColumn(2).getDouble();
  });
}

void read_contents(SQLite::Database& database, std::vector<FaceRecord>& faces) {
  for_each_in(database, "SELECT row, file FROM contents", faces, [](FaceRecord& face, SQLite::Statement& query) {
    face.content = static_cast<std::uint64_t>(query.getColumn(1).getInt64());
  });
}

image::Image image_of(std::span<const std::byte> stored, const std::string& encoding,
                      const recipe::FaceRecipe& recipe) {
  if (encoding == "raw") {
    if (stored.size() != static_cast<std::size_t>(recipe.size) * recipe.size)
      throw base::Error("has another size than the recipe says");
    image::Image face = image::make_image(recipe.size, recipe.size, 1);
    std::memcpy(face.pixels.data(), stored.data(), stored.size());
    return face;
  }
  image::Decoded decoded = image::decode(stored);
  if (!decoded.image) throw base::Error(decoded.problem);
  image::Image face =
      recipe.colour == recipe::Colour::rgb ? image::to_rgb(*decoded.image) : image::to_grey(*decoded.image);
  if (face.width != recipe.size || face.height != recipe.size)
    throw base::Error("has another size than the recipe says");
  return face;
}

}  // namespace

std::span<const std::byte> bytes_of(const SQLite::Column& column) {
  return {static_cast<const std::byte*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

double lowest_age(const FaceRecord& face) { return face.age_range ? face.age_range->low : face.age; }

std::string age_text(const FaceRecord& face) {
  return face.age_range ? age::to_text(*face.age_range) : fmt::format("{:.0f}", face.age);
}

Copies copies_among(const std::vector<FaceRecord>& faces) {
  std::map<std::uint64_t, std::vector<catalog::Split>> parts;
  for (const FaceRecord& face : faces) {
    if (face.content != 0) parts[face.content].push_back(face.split);
  }
  Copies copies;
  for (const auto& [content, splits] : parts) {
    if (splits.size() < 2) continue;
    ++copies.groups;
    copies.faces += static_cast<std::int64_t>(splits.size());
    bool together =
        std::all_of(splits.begin(), splits.end(), [first = splits[0]](catalog::Split part) { return part == first; });
    if (!together) ++copies.in_several_parts;
  }
  return copies;
}

// A face as it lies in the file.
struct StoredFace {
  std::string encoding;
  std::vector<std::byte> bytes;
  std::optional<std::uint64_t> checksum;  // when it was written
};

struct Store::Implementation {
  std::filesystem::path file;
  SQLite::Database database;
  StoreFacts facts;
  bool has_checksums;
  SQLite::Statement picture_query;
  std::string content;  // or empty: not asked for yet
  std::mutex mutex;

  explicit Implementation(const std::filesystem::path& path)
      : file(path),
        // Read and write where it may, so that SQLite can take back what a killed process had begun to write.
        database(path.string(), ::access(path.c_str(), W_OK) == 0 ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY),
        facts(read_facts(path, database)),
        has_checksums(version_of(database) >= 2),
        picture_query(database, has_checksums ? "SELECT encoding, faces.pixels, checksums.pixels FROM faces "
                                                "LEFT JOIN checksums USING (row) WHERE row = ?"
                                              : "SELECT encoding, pixels, NULL FROM faces WHERE row = ?") {}

  // Runs `work` alone and names the file in whatever SQLite complains of.
  template <class Work>
  auto alone(Work work) {
    std::lock_guard lock(mutex);
    try {
      return work();
    } catch (const SQLite::Exception& problem) {
      rethrow(file, problem);
    }
  }

  StoredFace stored_face(std::int64_t row) {
    return alone([&] {
      picture_query.reset();
      picture_query.bind(1, row);
      if (!picture_query.executeStep()) throw base::file_error(file, fmt::format("has no face of label row {}", row));
      SQLite::Column pixels = picture_query.getColumn(1), written = picture_query.getColumn(2);
      std::span<const std::byte> bytes = bytes_of(pixels);
      StoredFace face{picture_query.getColumn(0).getString(), {bytes.begin(), bytes.end()}, {}};
      if (!written.isNull()) face.checksum = static_cast<std::uint64_t>(written.getInt64());
      return face;
    });
  }

  // By row. Written when the faces were, or of a store that has none, computed of all faces.
  std::vector<std::uint64_t> checksums() {
    return alone([&] {
      SQLite::Statement query(database, has_checksums ? "SELECT pixels FROM checksums ORDER BY row"
                                                      : "SELECT pixels FROM faces ORDER BY row");
      std::vector<std::uint64_t> checksums;
      while (query.executeStep()) {
        SQLite::Column pixels = query.getColumn(0);
        checksums.push_back(has_checksums ? static_cast<std::uint64_t>(pixels.getInt64())
                                          : base::checksum(bytes_of(pixels)));
      }
      return checksums;
    });
  }
};

Store::Store(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw base::file_error(file, "no such file; `agewise prepare` makes a store");
  try {
    implementation_ = std::make_unique<Implementation>(file);
  } catch (const SQLite::Exception& problem) {
    rethrow(file, problem);
  }
}

Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

const std::filesystem::path& Store::file() const { return implementation_->file; }

const StoreFacts& Store::facts() const { return implementation_->facts; }

void Store::check_complete() const {
  if (!facts().complete)
    throw base::file_error(
        file(), "is not finished: preparing it was stopped; run the same `agewise prepare` again to finish it");
}

std::vector<FaceRecord> Store::faces() const {
  return implementation_->alone([&] {
    SQLite::Statement query(
        implementation_->database,
        "SELECT row, file, source, person, race, age, age_sigma, gender, split, kind, width, height, channels, bits "
        "FROM faces ORDER BY row");
    std::vector<FaceRecord> faces;
    while (query.executeStep()) faces.push_back(face_at(query));
    if (implementation_->database.tableExists("places")) read_places(implementation_->database, faces);
    if (implementation_->database.tableExists("age_ranges")) read_age_ranges(implementation_->database, faces);
    if (implementation_->database.tableExists("contents")) read_contents(implementation_->database, faces);
    return faces;
  });
}

std::vector<RejectRecord> Store::rejects() const {
  return implementation_->alone([&] {
    SQLite::Statement query(implementation_->database, "SELECT row, file, reason, detail FROM rejects ORDER BY row");
    std::vector<RejectRecord> rejects;
    while (query.executeStep()) {
      rejects.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(),
                         static_cast<catalog::Reason>(query.getColumn(2).getInt()), query.getColumn(3).getString()});
    }
    return rejects;
  });
}

std::map<catalog::Reason, std::int64_t> Store::reject_counts() const {
  return implementation_->alone([&] {
    SQLite::Statement query(implementation_->database, "SELECT reason, count(*) FROM rejects GROUP BY reason");
    std::map<catalog::Reason, std::int64_t> counts;
    while (query.executeStep())
      counts[static_cast<catalog::Reason>(query.getColumn(0).getInt())] = query.getColumn(1).getInt64();
    return counts;
  });
}

std::int64_t Store::faces_found() const {
  return implementation_->alone([&]() -> std::int64_t {
    SQLite::Database& database = implementation_->database;
    return database.tableExists("places") ? database.execAndGet("SELECT count(*) FROM places").getInt64() : 0;
  });
}

image::Image Store::picture(std::int64_t row) const {
  StoredFace stored = implementation_->stored_face(row);
  try {
    if (implementation_->has_checksums && stored.checksum != base::checksum(stored.bytes))
      throw base::Error("is damaged, its bytes are not those that were written: prepare the store anew");
    return image_of(stored.bytes, stored.encoding, implementation_->facts.recipe.face);
  } catch (const base::Error& problem) {
    throw base::file_error(implementation_->file, fmt::format("the face of label row {} {}", row, problem.what()));
  }
}

const std::string& Store::content() const {
  {
    std::lock_guard lock(implementation_->mutex);
    if (!implementation_->content.empty()) return implementation_->content;
  }
  std::vector<FaceRecord> all = faces();
  std::vector<std::uint64_t> checksums = implementation_->checksums();
  if (checksums.size() != all.size())
    throw base::file_error(file(), "is a damaged store: some faces have no checksum; prepare it anew");
  std::string content = content_of(facts().recipe.face, all, checksums);
  std::lock_guard lock(implementation_->mutex);
  return implementation_->content = content;
}

bool Store::has_content(const std::string& known) const {
  if (known.starts_with("2:")) return known == content();
  if (known.find(':') != std::string::npos)
    throw base::file_error(
        file(), fmt::format("cannot be compared with a content that a newer agewise noted, {}: use that one", known));
  return known == first_content();
}

std::string Store::first_content() const {
  std::string recipe = implementation_->alone([&] { return fact(implementation_->database, "recipe"); });
  return first_content_of(recipe, facts().labels, faces());
}

bool is_store(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string head(15, '\0');
  in.read(head.data(), 15);
  return head == "SQLite format 3";
}

}  // namespace agewise::store
