// faces.db: prepared faces, rejects, splits and the recipe, in one SQLite file. Reading; store_writer.h writes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agewise/age/range.h"
#include "agewise/base/error.h"
#include "agewise/catalog/copies.h"
#include "agewise/catalog/screen.h"
#include "agewise/face/face.h"
#include "agewise/image/decode.h"
#include "agewise/recipe/recipe.h"

namespace agewise::store {

// A used face without its pixels.
struct FaceRecord {
  std::int64_t row = 0;     // number of the label row: rows and their order follow the labels
  std::uint32_t store = 0;  // of several stores read as one (stores.h): its number, from 0
  std::string file;         // as the labels call it
  std::string source, person, race;
  double age = catalog::kNotANumber;        // years; NaN where only a range is known
  std::optional<age::Range> age_range;      // then
  double age_sigma = catalog::kNotANumber;  // NaN: not known
  catalog::Gender gender = catalog::Gender::unknown;
  catalog::Split split = catalog::Split::train;
  image::PictureInfo picture;      // of the original file
  std::optional<face::Face> face;  // where it was cut out; nothing: it is the whole picture
  double replicated = 0;           // share of it that lies outside the picture, 0 … 1
  std::uint64_t content = 0;       // base::checksum of the picture's file; 0: not known
};

// Pictures that are the same file byte by byte.
struct Copies {
  std::int64_t groups = 0;            // pictures of which there are several
  std::int64_t faces = 0;             // made of these
  std::int64_t in_several_parts = 0;  // groups whose faces are not all in one part: where the labels say the parts
};
Copies copies_among(const std::vector<FaceRecord>& faces);

// For ordering and for people: the lower end of a range; "31", "20–29", "70+".
double lowest_age(const FaceRecord& face);
std::string age_text(const FaceRecord& face);

struct RejectRecord {
  std::int64_t row = 0;
  std::string file;
  catalog::Reason reason = catalog::Reason::none;
  std::string detail;         // "Premature end of JPEG file"; may be empty
  std::uint64_t content = 0;  // of the picture's file, as of a face
};

// Of a shard, a store with one machine's share of the rows of a collection (docs/cluster.md). It is there for
// `agewise merge` alone.
struct Shard {
  int number = 1, count = 1;  // 1 … count
  std::string program;        // "agewise 1.2": all shards of a store are of the same one
  std::string collection;     // tells rows, their parts and what screening says of them from those of other labels
  std::string pictures;       // tells the pictures that were there, by names and sizes; empty until it is complete
};
std::string text_of(const Shard& shard);  // "shard 2 of 4"

// Number and count of "2/4", as it is typed and stored; nothing if the text is no such.
std::optional<std::pair<int, int>> parse_shard(std::string_view text);

// Of a shard, a row whose picture was looked for, and the part that it stands in by the labels and the recipe.
struct WantedRow {
  std::int64_t row = 0;
  catalog::Placed placed;
};

// What a store says of its making. Two stores with equal metadata and complete ones hold the same.
struct StoreMetadata {
  recipe::Recipe recipe;
  std::string labels;        // files, content hashes and options that chose rows: one line each
  bool complete = false;     // false: preparing was stopped and has not gone on yet
  std::int64_t unasked = 0;  // pictures that no row asked for
  std::optional<Shard> shard;
};

// "face.size = 16, not 32": how the recipes of two stores differ in what determines a store of `wanted`'s rows, as
// recipe::first_difference() says it; empty if in nothing.
std::string difference_of_recipes(const StoreMetadata& found, const StoreMetadata& wanted);

// Throws Error naming the file if its disk has no room for a store of so many bytes in the place of what is there.
void check_disk(const std::filesystem::path& store, std::uint64_t bytes);

// What of a store is covered by checksums: nothing of one of version 1, the faces' pixels of one of version 2 or 3, and
// from version 4 on all that is said of them, too.
enum class ChecksumsKept { none, pixels, all };

// A store that another process is writing.
struct HeldStore : base::Error {
  using base::Error::Error;
};

// One store, open for reading. Several threads may call it: they wait for each other while the file is read, and decode
// side by side.
class Store {
 public:
  // Throws Error naming the file: no such file, not a store, of a newer version, held by another process, broken, of
  // other metadata than were written.
  explicit Store(const std::filesystem::path& file);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  const std::filesystem::path& file() const;
  const StoreMetadata& metadata() const;
  // Throws Error naming the file if preparing it was stopped, or if it is a shard: whoever trains or measures on it
  // would do so on a part.
  void check_complete() const;
  // All parts, in label order. Both throw Error naming the row where one is not what was written, or is missing.
  std::vector<FaceRecord> faces() const;
  std::vector<RejectRecord> rejects() const;  // in label order
  std::map<catalog::Reason, std::int64_t> reject_counts() const;
  // Of a complete shard, ascending. Throws Error where they are not what was written.
  std::vector<WantedRow> wanted() const;
  std::int64_t faces_found() const;  // of the faces: how many were cut out of their picture
  // face.size × face.size, grey or RGB as the recipe says. Throws Error naming the row where it is not what was
  // written.
  image::Image picture(std::int64_t row) const;
  // Throws so, too, without decoding it; where there is no checksum, only if there is no such face.
  void check_pixels(std::int64_t row) const;
  ChecksumsKept checksums_kept() const;

  // What a network may learn of the store: pixels, ages and their deviations, parts, genders and persons of its faces
  // in their order. Stores with the same one train the same. Computed once; for a store of version 1 all faces are
  // read.
  const std::string& content() const;
  // What agewise before version 2 of the store wrote down as that: of the whole recipe, labels and faces, without
  // pixels.
  std::string first_content() const;
  // Whether `known`, one of both, is this store's. Throws Error if a later agewise wrote it down.
  bool has_content(const std::string& known) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// Whether the file begins as every SQLite file does: enough to tell a store from other files.
bool is_store(const std::filesystem::path& file);

}  // namespace agewise::store
