// wiki.mat as IMDB-WIKI publishes it: MAT v5, a 1×1 struct `wiki` (docs/imdb-wiki.md).
#pragma once
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "agewise/image/image.h"

namespace agewise::demo {

inline constexpr double kNoFace = -std::numeric_limits<double>::infinity();  // as a face_score

struct WikiRow {
  double dob = 0;          // MATLAB day
  double photo_taken = 0;  // year
  std::string full_path;
  double gender = 0;  // 0 female, 1 male, NaN unknown
  std::string name;
  image::Box face;  // from 0, right and bottom exclusive; in the file from 1 and inclusive
  double face_score = kNoFace;
  double second_face_score = std::numeric_limits<double>::quiet_NaN();  // NaN: none
};

// Throws Error naming the file.
void write_wiki_mat(const std::filesystem::path& file, const std::vector<WikiRow>& rows);

}  // namespace agewise::demo
