// Who is in which picture: label files of several kinds as one list of rows.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agewise/age/range.h"
#include "agewise/base/date.h"
#include "agewise/base/interned.h"
#include "agewise/catalog/reason.h"
#include "agewise/image/image.h"
#include "agewise/recipe/recipe.h"

namespace agewise::catalog {

enum class Gender : std::uint8_t { unknown, female, male };

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

// One row of a label file. What the file does not say is empty, unknown, NaN or nullopt.
struct CatalogRow {
  std::string file;          // as the labels have it, trailing blanks removed, '/' between folders
  base::Interned source;     // "imdb", "wiki", "utkface", or the label file's stem
  double age = kNotANumber;  // years, where the labels give it directly; the apparent one where they give both
  std::optional<age::Range> age_range;  // where they give no more than that; `age` is NaN then
  double age_sigma = kNotANumber;       // years, deviation of the apparent age
  double real_age = kNotANumber;        // years, where the labels give it beside an apparent one
  std::optional<double> born;   // MATLAB day number, where the labels give dates; may be anything, also not finite
  std::optional<double> taken;  // year
  base::Interned person;        // who, or which group of duplicates; empty: not known
  base::Interned race;
  std::optional<image::Box> face;          // where the labels say the face is
  double face_score = kNotANumber;         // with has_face_score: not finite means no face found
  double second_face_score = kNotANumber;  // NaN: no second face
  bool has_face_score = false;
  Gender gender = Gender::unknown;
  base::Interned split;  // "train", "val", "test" as the labels say, or empty
  // What is broken in the row itself, and how, for people: "12x". Screening rejects the row for it.
  Reason fault = Reason::none;
  base::Interned fault_detail;
};

struct Catalog {
  std::vector<CatalogRow> rows;
  std::string kind;                // "IMDB-WIKI .mat", "CSV", "UTKFace names"
  std::string reading;             // how it is read: "file = img_paths, age = ages; of the genders 1 means male"
  std::vector<std::string> notes;  // what looks wrong and is no error, a sentence each
  bool genders_unclear = false;    // genders are digits, and nothing tells what 1 means: they are taken as unknown
};

// What a user says of label files that they do not say themselves (label_options.h reads and writes it).
struct LabelOptions {
  std::map<std::string, std::string> columns;  // of tables: our name of a column to the table's own, or its number
  Gender one = Gender::unknown;                // what the digit 1 means as a gender
  std::string names;                           // key of the form that file names have (names.h); empty: recognised
};

// Reads a label file, its kind recognised by content, or the names of a folder's pictures (docs/labels.md has every
// form). Throws Error naming the file, and what to do, for one that cannot be read as a whole: no such columns, names
// of no known form, a broken file. (A broken row is not an error: screening rejects it.)
Catalog read_labels(const std::filesystem::path& file, const LabelOptions& options = {});

// Completed years by `rule`, from the labels' dates, or the labels' own age. NaN where neither is known, only a range
// is (row.age_range), or it is impossible: a date outside the calendar, an age of thousands of years. By
// AgeRule::real_age the real age where the labels have one beside the apparent age, and what mid_year gives elsewhere.
double age_of(const CatalogRow& row, recipe::AgeRule rule);

// The deviation that belongs to age_of(row, rule): NaN for a real age.
double age_sigma_of(const CatalogRow& row, recipe::AgeRule rule);

}  // namespace agewise::catalog
