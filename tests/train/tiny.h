// A store and a recipe so small that training takes milliseconds: grey pictures of 8×8 that are brighter the older.
#pragma once
#include <filesystem>
#include <string>

#include "agewise/recipe/recipe.h"
#include "agewise/store/store.h"

namespace agewise::train::tiny {

// A new empty folder, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Classes [30, 45, 60), one convolution with batch normalisation and dropout, batches of 8, three epochs.
recipe::Recipe recipe();

struct StoreOptions {
  int train = 30, val = 10, test = 0;  // pictures
  bool complete = true;
  double sigma = catalog::kNotANumber;
  int brighter = 0;     // grey levels, of every picture
  bool ranges = false;  // instead of ages: the decade, 20 to 29 …
};

// Faces of ages 20 to 79; the person of a face is its number, the source "drawn".
void make_store(const std::filesystem::path& file, const StoreOptions& options = {},
                const recipe::Recipe& made_by = recipe());

}  // namespace agewise::train::tiny
