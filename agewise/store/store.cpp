#include "agewise/store/store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <mutex>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/base/hash.h"
#include "agewise/recipe/determines.h"
#include "agewise/store/content.h"
#include "agewise/store/rows.h"
#include "agewise/store/schema.h"

namespace agewise::store {
namespace {

image::Image image_of(std::span<const std::byte> stored, const std::string& encoding,
                      const recipe::FaceRecipe& recipe) {
  if (encoding == "raw") {
    if (stored.size() != static_cast<std::size_t>(recipe.size) * recipe.size)
      throw base::Error("does not have the size that the recipe says");
    image::Image face = image::make_image(recipe.size, recipe.size, 1);
    std::memcpy(face.pixels.data(), stored.data(), stored.size());
    return face;
  }
  image::Decoded decoded = image::decode(stored);
  if (!decoded.image) throw base::Error(decoded.problem);
  image::Image face =
      recipe.colour == recipe::Colour::rgb ? image::to_rgb(*decoded.image) : image::to_grey(*decoded.image);
  if (face.width != recipe.size || face.height != recipe.size)
    throw base::Error("does not have the size that the recipe says");
  return face;
}

}  // namespace

double lowest_age(const FaceRecord& face) { return face.age_range ? face.age_range->low : face.age; }

std::string age_text(const FaceRecord& face) {
  return face.age_range ? age::to_text(*face.age_range) : fmt::format("{:.0f}", face.age);
}

std::string text_of(const Shard& shard) { return fmt::format("shard {} of {}", shard.number, shard.count); }

std::optional<std::pair<int, int>> parse_shard(std::string_view text) {
  int number = 0, count = 0;
  const char* end = text.data() + text.size();
  auto [slash, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || slash == end || *slash != '/') return std::nullopt;
  auto [rest, problem_of_count] = std::from_chars(slash + 1, end, count);
  if (problem_of_count != std::errc() || rest != end) return std::nullopt;
  return std::pair{number, count};
}

std::string difference_of_recipes(const StoreMetadata& found, const StoreMetadata& wanted) {
  bool balanced = wanted.labels.ends_with("\nbalance");
  return recipe::first_difference(balanced ? recipe::Outcome::balanced_store : recipe::Outcome::store, found.recipe,
                                  wanted.recipe);
}

void check_disk(const std::filesystem::path& store, std::uint64_t bytes) {
  std::uint64_t there =
      base::free_disk_space(store) + (std::filesystem::exists(store) ? std::filesystem::file_size(store) : 0);
  if (bytes <= there) return;
  throw base::file_error(store,
                         fmt::format("needs about {} MB, but the disk has only {} MB free", bytes >> 20, there >> 20));
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
  StoreMetadata metadata;
  bool has_checksums;
  SQLite::Statement picture_query;
  std::string content;  // or empty: not asked for yet
  std::mutex mutex;

  explicit Implementation(const std::filesystem::path& path)
      : file(path),
        // Read and write where it may, so that SQLite can take back what a killed process had begun to write.
        database(path.string(), ::access(path.c_str(), W_OK) == 0 ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY),
        metadata(read_metadata(path, database)),
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

  StoredFace checked_face(std::int64_t row) {
    StoredFace face = stored_face(row);
    if (has_checksums) check_face_pixels(file, row, face.bytes, face.checksum);
    return face;
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

const StoreMetadata& Store::metadata() const { return implementation_->metadata; }

void Store::check_complete() const {
  if (metadata().shard)
    throw base::file_error(file(), fmt::format("is {} of a store: `agewise merge STORE SHARD…` makes the store of all",
                                               text_of(*metadata().shard)));
  if (!metadata().complete)
    throw base::file_error(
        file(),
        "is incomplete, because preparing it was stopped; rerun the same `agewise prepare` command to finish it");
}

std::vector<FaceRecord> Store::faces() const {
  return implementation_->alone([&] { return read_faces(file(), implementation_->database); });
}

std::vector<RejectRecord> Store::rejects() const {
  return implementation_->alone([&] { return read_rejects(file(), implementation_->database); });
}

std::vector<WantedRow> Store::wanted() const {
  return implementation_->alone([&] { return read_wanted(file(), implementation_->database); });
}

std::map<catalog::Reason, std::int64_t> Store::reject_counts() const {
  std::map<catalog::Reason, std::int64_t> counts;
  for (const RejectRecord& reject : rejects()) ++counts[reject.reason];
  return counts;
}

std::int64_t Store::faces_found() const {
  return implementation_->alone([&]() -> std::int64_t {
    SQLite::Database& database = implementation_->database;
    return database.tableExists("places") ? database.execAndGet("SELECT count(*) FROM places").getInt64() : 0;
  });
}

void Store::check_pixels(std::int64_t row) const { (void)implementation_->checked_face(row); }

ChecksumsKept Store::checksums_kept() const {
  if (!implementation_->has_checksums) return ChecksumsKept::none;
  return implementation_->alone([&] { return version_of(implementation_->database); }) >= 4 ? ChecksumsKept::all
                                                                                            : ChecksumsKept::pixels;
}

image::Image Store::picture(std::int64_t row) const {
  StoredFace stored = implementation_->checked_face(row);
  try {
    return image_of(stored.bytes, stored.encoding, implementation_->metadata.recipe.face);
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
    throw base::file_error(file(), "is a damaged store: some faces have no checksum; delete it and prepare it again");
  std::string content = content_of(metadata().recipe.face, all, checksums);
  std::lock_guard lock(implementation_->mutex);
  return implementation_->content = content;
}

bool Store::has_content(const std::string& known) const {
  if (known.starts_with("2:")) return known == content();
  if (known.find(':') != std::string::npos)
    throw base::file_error(
        file(),
        fmt::format("cannot be compared with content recorded by a newer agewise ({}): use that version", known));
  return known == first_content();
}

std::string Store::first_content() const {
  std::string recipe = implementation_->alone([&] { return metadata_value(implementation_->database, "recipe"); });
  return first_content_of(recipe, metadata().labels, faces());
}

bool is_store(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string head(15, '\0');
  in.read(head.data(), 15);
  return head == "SQLite format 3";
}

}  // namespace agewise::store
