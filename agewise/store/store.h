// faces.db: prepared faces, rejects, splits and the recipe, in one SQLite file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agewise/catalog/screen.h"
#include "agewise/image/decode.h"
#include "agewise/image/image.h"
#include "agewise/recipe/recipe.h"

namespace agewise {

enum class Encoding : int { raw_grey = 0, jpeg = 1 };

// A used face without its pixels.
struct FaceRecord {
  std::int64_t row;  // number of the label row: rows and their order follow the labels
  std::string file, source, person, race;
  double age;        // years
  double age_sigma;  // NaN: not known
  Gender gender;
  Split split;
  PictureInfo picture;  // of the original file
};

struct RejectRecord {
  std::int64_t row;
  std::string file;
  Reason reason;
  std::string detail;  // "premature end of file"; may be empty
};

// One store, open. Only one process writes; the reader may be used from several threads, each call locks.
class Store {
 public:
  // Throws Error: not a store, of a newer version (says which), held by another process, broken.
  static Store open(const std::filesystem::path& file);

  const Recipe& recipe() const;
  std::string labels_description() const;  // what it was made of, for reports
  std::vector<FaceRecord> faces() const;   // all parts, in label order
  std::vector<RejectRecord> rejects() const;
  std::map<Reason, std::int64_t> reject_counts() const;
  bool complete() const;                  // false: prepare was stopped and has not gone on yet
  Image picture(std::int64_t row) const;  // size × size, grey or RGB as the recipe says

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

 private:
  struct Implementation;
  explicit Store(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace agewise
