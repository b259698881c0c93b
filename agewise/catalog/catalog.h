// Who is in which picture: label files of several kinds as one list of rows.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "agewise/base/date.h"
#include "agewise/base/word.h"
#include "agewise/image/image.h"
#include "agewise/recipe/recipe.h"

namespace agewise::catalog {

enum class Gender : std::uint8_t { unknown, female, male };

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

// One row of a label file. What the file does not say is empty, unknown, NaN or nullopt.
struct CatalogRow {
  std::string file;                // as the labels have it, trailing blanks removed, '/' between folders
  base::Word source;               // "imdb", "wiki", "utkface", or the label file's stem
  double age = kNotANumber;        // years, where the labels give it directly; the apparent one where they give both
  double age_sigma = kNotANumber;  // years, deviation of the apparent age
  double real_age = kNotANumber;   // years, where the labels give it beside an apparent one
  std::optional<double> born;      // MATLAB day number, where the labels give dates; may be anything, also not finite
  std::optional<double> taken;     // year
  base::Word person;               // who, or which group of duplicates; empty: not known
  base::Word race;
  std::optional<image::Box> face;          // where the labels say the face is
  double face_score = kNotANumber;         // with has_face_score: not finite means no face found
  double second_face_score = kNotANumber;  // NaN: no second face
  bool has_face_score = false;
  Gender gender = Gender::unknown;
  base::Word split;  // "train", "val", "test" as the labels say, or empty
};

struct Catalog {
  std::vector<CatalogRow> rows;
  std::string kind;  // "IMDB-WIKI .mat", "CSV", "UTKFace names"
};

// Reads a label file, its kind recognised by content. Throws Error naming the file, and row or field, for anything
// broken. (A broken value of one row is not an error: screening rejects the row.)
Catalog read_labels(const std::filesystem::path& file);

// Completed years by `rule`, from the labels' dates, or the labels' own age. NaN where neither is known, or it is
// impossible: a date outside the calendar, an age of thousands of years. By AgeRule::real_age the real age where the
// labels have one beside the apparent age, and what mid_year gives elsewhere.
double age_of(const CatalogRow& row, recipe::AgeRule rule);

// The deviation that belongs to age_of(row, rule): NaN for a real age.
double age_sigma_of(const CatalogRow& row, recipe::AgeRule rule);

}  // namespace agewise::catalog
