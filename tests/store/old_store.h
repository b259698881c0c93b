// A small store as agewise of commit 934c3ae made them, version 1.
#pragma once
#include <filesystem>

#include "agewise/store/store.h"

namespace agewise::store {

// A path in the folder for temporary files, and nothing left of it afterwards.
struct ScratchFile {
  explicit ScratchFile(const char* name);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  std::filesystem::path path;
};

// Not complete. Label row 4 is a face of 8×8 pixels, all 7, of somebody of 33 years, female, in the part `test`; row 2
// is undecodable. Labels "labels.csv", and the recipe of metadata(). There is no table of places, as in the first such
// stores.
struct OldStoreFile : ScratchFile {
  OldStoreFile();
  static StoreMetadata metadata();
  void add_places() const;  // one of row 4: bottom 40.5
  void execute(const char* sql) const;
  int number(const char* query) const;
};

}  // namespace agewise::store
