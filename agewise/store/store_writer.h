// The writing side of a store.
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/store/store.h"

namespace agewise::store {

// A row that is settled already, from an earlier run: `picture` is the path of the picture that settled it.
struct SettledRow {
  std::int64_t row;
  std::string picture;
  bool face;              // else a reject
  std::uint64_t content;  // of the picture's file; 0: not known
};

// One process writes a store, one thread at a time. What was committed survives a kill; what was not leaves no trace.
class StoreWriter {
 public:
  // A new store, or one to go on with that was made of the same labels and by a recipe that makes the same store
  // (recipe/determines.h); one of an older version is brought up to date. The rest of its recipe becomes that of
  // `metadata`, unless it is complete, when nothing is written. Throws Error naming the file: made of other labels or
  // another recipe, or another shard or none (says where they differ), held by another process, no space.
  StoreWriter(const std::filesystem::path& file, const StoreMetadata& metadata);
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  bool complete() const;  // nothing may be added then
  std::vector<SettledRow> settled() const;
  // Reads the pixels of all faces that are settled. Throws Error naming the row where they are not what was written,
  // and Interrupted.
  void check_settled_faces(const base::StopFlag& stop, const base::ProgressSink& progress) const;

  // A row's newest outcome replaces what the store had for it. `encoded` is raw grey, row after row, or a JPEG.
  // `picture` is the path that the pictures' own source gives.
  void add(const FaceRecord& face, std::span<const std::byte> encoded, const std::string& picture);
  void add(const RejectRecord& reject, const std::string& picture);
  void set_split(std::int64_t row, catalog::Split split);  // of a face that was added
  std::vector<std::vector<std::int64_t>> copies() const;   // rows of faces made of equal files, both ascending
  void commit();                      // all that was added so far; also called by itself every few hundred rows
  void finish(std::int64_t unasked);  // commits and marks the store complete
  // The same of a shard; `pictures` becomes that of its metadata.
  void finish_shard(std::int64_t unasked, std::span<const WantedRow> wanted, const std::string& pictures);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// A face as a store keeps it: raw where grey, JPEG of quality 95 without chroma subsampling where colour.
std::vector<std::byte> encode_face(const image::Image& face);

// Bytes that a store of so many faces will take, about: colour is estimated.
std::uint64_t expected_store_size(const recipe::FaceRecipe& recipe, std::uint64_t faces, std::uint64_t rejects);

}  // namespace agewise::store
