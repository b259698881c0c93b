#include "agewise/store/store_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <sstream>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/image/encode.h"
#include "agewise/store/rows.h"
#include "agewise/store/schema.h"

namespace agewise::store {
namespace {

constexpr int kRowsPerTransaction = 500;
constexpr int kJpegQuality = 95;

bool is_empty(SQLite::Database& database) {
  return database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() == 0 &&
         database.execAndGet("PRAGMA application_id").getInt() == 0;
}

// All or nothing: a process killed here leaves an empty file.
void create(SQLite::Database& database, const StoreMetadata& metadata) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  migrate(database);
  if (metadata.shard) make_shard(database);
  SQLite::Statement insert(database, "INSERT INTO facts VALUES (?, ?)");
  auto put = [&](const char* name, const std::string& value) {
    insert.reset();
    insert.bind(1, name);
    insert.bind(2, value);
    insert.exec();
  };
  put("recipe", recipe::to_toml(metadata.recipe));
  put("labels", metadata.labels);
  put("complete", "no");
  if (const std::optional<Shard>& shard = metadata.shard) {
    put("shard", fmt::format("{}/{}", shard->number, shard->count));
    put("program", shard->program);
    put("collection", shard->collection);
  }
  transaction.commit();
}

void bring_up_to_date(SQLite::Database& database) {
  if (version_of(database) == newest_version()) return;
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  migrate(database);
  transaction.commit();
}

// Where two texts of lines differ first: "limit 20, not limit 21".
std::string first_different_line(const std::string& found, const std::string& wanted) {
  std::istringstream found_lines(found), wanted_lines(wanted);
  while (true) {
    std::string a = "nothing", b = "nothing";
    bool more = static_cast<bool>(std::getline(found_lines, a));
    more = static_cast<bool>(std::getline(wanted_lines, b)) || more;
    if (!more) return "";
    if (a != b) return a.append(", not ").append(b);
  }
}

void check_shard(const std::filesystem::path& file, const std::optional<Shard>& found,
                 const std::optional<Shard>& wanted) {
  auto which = [](const std::optional<Shard>& shard) { return shard ? text_of(*shard) : "a whole store"; };
  if (which(found) != which(wanted))
    throw base::file_error(
        file, fmt::format("is {}, not {}; give the same again, or name a new store", which(found), which(wanted)));
  if (found && found->program != wanted->program)
    throw base::file_error(file, fmt::format("was begun by {}, and this is {}: all shards of a store must be made by "
                                             "one program; remove it and prepare it anew, or go on with that one",
                                             found->program, wanted->program));
  if (found && found->collection != wanted->collection)
    throw base::file_error(file, "was made of other label rows; give the same labels again, or name a new store");
}

void check_goes_on(const std::filesystem::path& file, const StoreMetadata& found, const StoreMetadata& wanted) {
  std::string labels = first_different_line(found.labels, wanted.labels);
  std::string recipe = difference_of_recipes(found, wanted);
  if (labels.empty() && recipe.empty()) return check_shard(file, found.shard, wanted.shard);
  std::string other =
      labels.empty() ? "with another recipe: " + recipe : "from other labels or another choice of rows: " + labels;
  throw base::file_error(file, "was made " + other + "; use the same again, or name a new store");
}

}  // namespace

struct StoreWriter::Implementation {
  std::filesystem::path file;
  SQLite::Database database;
  std::unique_ptr<SQLite::Transaction> transaction;
  std::unique_ptr<SQLite::Statement> add_face, add_place, add_checksum, add_range, add_content, add_record, add_reject,
      drop_reject;
  std::vector<SQLite::Statement> drop_face;  // and its properties
  std::string encoding;
  int pending = 0;
  bool complete = false;

  Implementation(const std::filesystem::path& path, recipe::Colour colour)
      : file(path),
        database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE),
        encoding(colour == recipe::Colour::grey ? "raw" : "jpeg") {
    // One writer, nobody beside it; the rollback journal survives a kill and leaves a single file.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL");
  }

  void make_statements() {
    auto make = [&](const char* text) { return std::make_unique<SQLite::Statement>(database, text); };
    add_face = make("INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    add_place = make("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    add_checksum = make("INSERT INTO checksums VALUES (?, ?)");
    add_range = make("INSERT INTO age_ranges VALUES (?, ?, ?)");
    add_content = make("INSERT INTO contents VALUES (?, ?)");
    add_record = make("INSERT OR REPLACE INTO records VALUES (?, ?, ?)");
    add_reject = make("INSERT INTO rejects VALUES (?, ?, ?, ?, ?)");
    drop_reject = make("DELETE FROM rejects WHERE row = ?");
    drop_face.emplace_back(database, "DELETE FROM faces WHERE row = ?");
    for (const char* table : kPropertiesOfFaces)
      drop_face.emplace_back(database, fmt::format("DELETE FROM {} WHERE row = ?", table));
  }

  // What the store has for the row, be it a face or a reject.
  void drop(std::int64_t row) {
    auto drop_by = [&](SQLite::Statement& statement) {
      statement.reset();
      statement.bind(1, row);
      statement.exec();
    };
    std::ranges::for_each(drop_face, drop_by);
    drop_by(*drop_reject);
  }

  void put_checksum(std::int64_t row, std::span<const std::byte> pixels) {
    add_checksum->reset();
    add_checksum->bind(1, row);
    add_checksum->bind(2, static_cast<std::int64_t>(base::checksum(pixels)));
    add_checksum->exec();
  }

  void put_record(std::int64_t row, bool face, std::uint64_t checksum) {
    add_record->reset();
    add_record->bind(1, row);
    add_record->bind(2, face ? 1 : 0);
    add_record->bind(3, static_cast<std::int64_t>(checksum));
    add_record->exec();
  }

  void put_metadata(const char* name, const std::string& value) {
    SQLite::Statement put(database, "INSERT OR REPLACE INTO facts VALUES (?, ?)");
    put.bind(1, name);
    put.bind(2, value);
    put.exec();
  }

  void put_wanted(std::span<const WantedRow> wanted) {
    SQLite::Statement put(database, "INSERT INTO wanted VALUES (?, ?, ?, ?)");
    for (const WantedRow& row : wanted) {
      put.reset();
      put.bind(1, row.row);
      put.bindNoCopy(2, row.placed.person.str());
      put.bind(3, static_cast<int>(row.placed.split));
      put.bind(4, row.placed.by_labels ? 1 : 0);
      put.exec();
    }
    put_metadata(kWantedChecksum, wanted_checksum(wanted));
  }

  void put_range(std::int64_t row, const age::Range& range) {
    add_range->reset();
    add_range->clearBindings();
    add_range->bind(1, row);
    add_range->bind(2, range.low);
    if (!range.is_open()) add_range->bind(3, range.high);
    add_range->exec();
  }

  void put_content(std::int64_t row, std::uint64_t content) {
    if (content == 0) return;
    add_content->reset();
    add_content->bind(1, row);
    add_content->bind(2, static_cast<std::int64_t>(content));
    add_content->exec();
  }

  void put_place(std::int64_t row, const face::Face& face, double replicated) {
    add_place->reset();
    add_place->bind(1, row);
    int i = 1;
    for (double number :
         {face.box.left, face.box.top, face.box.right, face.box.bottom, face.angle, face.score, replicated})
      add_place->bind(++i, number);
    add_place->exec();
  }

  void count_row() {
    if (++pending >= kRowsPerTransaction) commit();
  }

  void begin() {
    if (!transaction) transaction = std::make_unique<SQLite::Transaction>(database);
  }

  void commit() {
    if (transaction) transaction->commit();
    transaction.reset();
    pending = 0;
  }

  template <class Work>
  void guarded(Work work) {
    try {
      work();
    } catch (const SQLite::Exception& problem) {
      rethrow(file, problem);
    }
  }
};

StoreWriter::StoreWriter(const std::filesystem::path& file, const StoreMetadata& metadata) {
  try {
    implementation_ = std::make_unique<Implementation>(file, metadata.recipe.face.colour);
    SQLite::Database& database = implementation_->database;
    if (is_empty(database)) {
      create(database, metadata);
    } else {
      StoreMetadata found = read_metadata(file, database);
      check_goes_on(file, found, metadata);
      implementation_->complete = found.complete;
      if (found.complete) return;
    }
    bring_up_to_date(database);
    // A store is resumed only if what an earlier process settled is what it wrote.
    read_faces(file, database);
    read_rejects(file, database);
    implementation_->make_statements();
    implementation_->begin();
    // What of the recipe did not make the store, as what `train` will do by default, is as it was wanted last. And this
    // takes the lock now.
    SQLite::Statement recipe(database, "UPDATE facts SET value = ? WHERE name = 'recipe'");
    recipe.bind(1, recipe::to_toml(metadata.recipe));
    recipe.exec();
  } catch (const SQLite::Exception& problem) {
    rethrow(file, problem);
  }
}

StoreWriter::~StoreWriter() = default;

bool StoreWriter::complete() const { return implementation_->complete; }

std::vector<SettledRow> StoreWriter::settled() const {
  std::vector<SettledRow> rows;
  implementation_->guarded([&] {
    SQLite::Statement query(
        implementation_->database,
        "SELECT row, picture, face, ifnull(file, 0) FROM (SELECT row, picture, 1 AS face FROM faces UNION ALL "
        "SELECT row, picture, 0 FROM rejects WHERE reason <> ?) LEFT JOIN contents USING (row)");
    query.bind(1, static_cast<int>(catalog::Reason::ambiguous_name));  // decided anew: its pictures come by again
    while (query.executeStep())
      rows.push_back({query.getColumn(0).getInt64(), query.getColumn(1).getString(), query.getColumn(2).getInt() == 1,
                      static_cast<std::uint64_t>(query.getColumn(3).getInt64())});
  });
  return rows;
}

void StoreWriter::check_settled_faces(const base::StopFlag& stop, const base::ProgressSink& progress) const {
  implementation_->guarded([&] {
    SQLite::Database& database = implementation_->database;
    auto total = static_cast<std::uint64_t>(database.execAndGet("SELECT count(*) FROM faces").getInt64());
    SQLite::Statement query(database,
                            "SELECT row, faces.pixels, checksums.pixels FROM faces LEFT JOIN checksums USING (row)");
    for (std::uint64_t done = 0; query.executeStep();) {
      if (stop) throw base::Interrupted("stopped while checking what an earlier run prepared; nothing was changed");
      SQLite::Column pixels = query.getColumn(1), checksum = query.getColumn(2);
      std::optional<std::uint64_t> written;
      if (!checksum.isNull()) written = static_cast<std::uint64_t>(checksum.getInt64());
      check_face_pixels(implementation_->file, query.getColumn(0).getInt64(), bytes_of(pixels), written);
      if (progress) progress({"checking prepared faces", ++done, total});
    }
  });
}

void StoreWriter::add(const FaceRecord& face, std::span<const std::byte> encoded, const std::string& picture) {
  implementation_->guarded([&] {
    implementation_->begin();
    implementation_->drop(face.row);
    SQLite::Statement& add = *implementation_->add_face;
    add.reset();
    add.clearBindings();
    int i = 0;
    add.bind(++i, face.row);
    for (const std::string* text : {&face.file, &face.source, &face.person, &face.race}) add.bindNoCopy(++i, *text);
    add.bind(++i, lowest_age(face));
    ++i;
    if (face.age_sigma == face.age_sigma) add.bind(i, face.age_sigma);
    for (int number : {static_cast<int>(face.gender), static_cast<int>(face.split), static_cast<int>(face.picture.kind),
                       face.picture.width, face.picture.height, face.picture.channels, face.picture.bits}) {
      add.bind(++i, number);
    }
    add.bind(++i, implementation_->encoding);
    add.bindNoCopy(++i, picture);
    add.bindNoCopy(++i, encoded.data(), static_cast<int>(encoded.size()));
    add.exec();
    implementation_->put_checksum(face.row, encoded);
    implementation_->put_content(face.row, face.content);
    if (face.age_range) implementation_->put_range(face.row, *face.age_range);
    if (face.face) implementation_->put_place(face.row, *face.face, face.replicated);
    implementation_->put_record(face.row, /*face=*/true, checksum_of(face, picture));
    implementation_->count_row();
  });
}

void StoreWriter::add(const RejectRecord& reject, const std::string& picture) {
  implementation_->guarded([&] {
    implementation_->begin();
    implementation_->drop(reject.row);
    SQLite::Statement& add = *implementation_->add_reject;
    add.reset();
    add.bind(1, reject.row);
    add.bindNoCopy(2, reject.file);
    add.bind(3, static_cast<int>(reject.reason));
    add.bindNoCopy(4, reject.detail);
    add.bindNoCopy(5, picture);
    add.exec();
    implementation_->put_content(reject.row, reject.content);
    implementation_->put_record(reject.row, /*face=*/false, checksum_of(reject, picture));
    implementation_->count_row();
  });
}

void StoreWriter::set_split(std::int64_t row, catalog::Split split) {
  implementation_->guarded([&] {
    implementation_->begin();
    SQLite::Statement update(implementation_->database, "UPDATE faces SET split = ? WHERE row = ?");
    update.bind(1, static_cast<int>(split));
    update.bind(2, row);
    update.exec();
    for (const FaceRow& one : read_face_rows(implementation_->database, {row, row}))
      implementation_->put_record(row, /*face=*/true, checksum_of(one.face, one.picture));
  });
}

std::vector<std::vector<std::int64_t>> StoreWriter::copies() const {
  std::map<std::int64_t, std::vector<std::int64_t>> by_content;
  implementation_->guarded([&] {
    SQLite::Statement query(implementation_->database,
                            "SELECT row, contents.file FROM contents JOIN faces USING (row) ORDER BY row");
    while (query.executeStep()) by_content[query.getColumn(1).getInt64()].push_back(query.getColumn(0).getInt64());
  });
  std::vector<std::vector<std::int64_t>> groups;
  for (auto& [content, rows] : by_content) {
    if (rows.size() > 1) groups.push_back(std::move(rows));
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

void StoreWriter::commit() {
  implementation_->guarded([&] { implementation_->commit(); });
}

void StoreWriter::finish_shard(std::int64_t unasked, std::span<const WantedRow> wanted, const std::string& pictures) {
  implementation_->guarded([&] {
    implementation_->begin();
    implementation_->put_wanted(wanted);
    implementation_->put_metadata("pictures", pictures);
  });
  finish(unasked);
}

void StoreWriter::finish(std::int64_t unasked) {
  implementation_->guarded([&] {
    implementation_->begin();
    implementation_->put_metadata("unasked", std::to_string(unasked));
    implementation_->put_metadata("complete", "yes");
    implementation_->put_metadata(kRecordsChecksum, records_checksum(implementation_->database));
    implementation_->put_metadata(kMetadataChecksum, metadata_checksum(all_metadata(implementation_->database)));
    implementation_->commit();
    implementation_->database.exec("PRAGMA journal_mode = DELETE");
    implementation_->complete = true;
  });
}

std::vector<std::byte> encode_face(const image::Image& face) {
  if (face.channels == 3) return image::encode_jpeg(face, kJpegQuality);
  std::vector<std::byte> raw(face.pixels.size());
  std::memcpy(raw.data(), face.pixels.data(), raw.size());
  return raw;
}

std::uint64_t expected_store_size(const recipe::FaceRecipe& recipe, std::uint64_t faces, std::uint64_t rejects) {
  constexpr std::uint64_t kBytesAFace = 600,
                          kBytesAReject = 150;  // texts, numbers, and what is empty in SQLite's pages
  double a_pixel = recipe.colour == recipe::Colour::grey ? 1 : 0.55;  // a JPEG of quality 95, 4:4:4, of a face
  auto pixels = static_cast<std::uint64_t>(a_pixel * recipe.size * recipe.size);
  return faces * (pixels + kBytesAFace) + rejects * kBytesAReject;
}

}  // namespace agewise::store
