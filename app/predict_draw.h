// predict --draw: pictures again, with the faces and ages that were found in them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "agewise/estimate/estimator.h"
#include "agewise/face/read_many.h"
#include "app/predict_files.h"

namespace agewise::app {

class Drawings {
 public:
  // `target`: a PNG file for one picture, or a folder. There each picture is drawn into a PNG of its own name with
  // ".png" behind it, below the same subfolders as it has in the folder or archive that was asked for; of several that
  // would have the same name, the later get a number. Throws UsageError before any work where something of the user's
  // would be overwritten (outputs.h), or `target` is a file for several pictures. An empty target draws nothing.
  Drawings(std::filesystem::path target, const Asked& asked, bool force);

  bool any() const { return !target_.empty(); }
  // A picture that could be read, with its bytes.
  void draw(const face::ReadPicture& picture, std::span<const estimate::Estimate> estimates);

 private:
  std::filesystem::path output_of(const std::filesystem::path& below);
  void check(const std::filesystem::path& output) const;

  std::filesystem::path target_;
  bool is_folder_ = false, force_ = false;
  std::set<std::pair<std::uint64_t, std::uint64_t>> inputs_;  // device and inode: a file by whatever name
  std::set<std::filesystem::path> taken_;                     // of this run
};

}  // namespace agewise::app
