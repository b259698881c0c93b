// All label rows of a store, one after the other.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "agewise/store/store.h"

namespace agewise::store {

struct StoredRow {
  std::int64_t row = 0;
  std::variant<FaceRecord, RejectRecord> record;
  std::string picture;             // the path that the pictures' own source gave
  std::vector<std::byte> encoded;  // of a face, as StoreWriter::add() takes it
};

// In label order, each compared with the checksums that it was written with; a few dozen are in memory at any time.
// One thread.
class RowStream {
 public:
  // Throws Error naming the file, as Store does, and for a store that keeps no checksum of its rows (version 3 or
  // older).
  explicit RowStream(const std::filesystem::path& file);
  RowStream(RowStream&&) noexcept;
  ~RowStream();

  std::uint64_t count() const;  // rows in all

  // False at the end. Throws Error naming file and row where one is missing or not what was written.
  bool next(StoredRow& row);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace agewise::store
