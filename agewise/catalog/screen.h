// Which rows are used, and why the others are not; which part of the split each belongs to.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

// Why a row is not used. The first group is decided from labels alone, the second by looking at pictures. The numbers
// are stored in faces.db: never reorder, only append.
enum class Reason : int {
  none = 0,
  unknown_date,
  age_below_minimum,
  age_above_maximum,
  no_face,
  low_face_score,
  second_face,
  no_second_face,
  unknown_gender,
  balanced_away,
  no_such_file = 100,
  ambiguous_name,
  undecodable,
  too_small,
  bad_face_box,
  no_face_found,
};

// A few words for people and reports: "no such file".
std::string_view describe(Reason reason);

// Reason::none if the row is used. Checks in the order in which the reasons are listed.
Reason screen(const CatalogRow& row, const recipe::ScreenRecipe& recipe);

// Which rows a run looks at, before screening: the first `limit`, or with a seed `limit` drawn at random without
// replacement, in label order. Ascending row numbers.
std::vector<std::size_t> choose_rows(std::size_t rows, std::optional<std::size_t> limit,
                                     std::optional<std::uint64_t> sample_seed);

enum class Split : int { train = 0, val = 1, test = 2 };
std::string_view name_of(Split split);

// A part for each of `rows` (screened ones, in label order). A row's own `split` wins; else train/test by the recipe:
// `random` draws whole persons or duplicate groups, `ordered` takes the first share.
std::vector<Split> assign_splits(std::span<const CatalogRow* const> rows, const recipe::SplitRecipe& recipe);

// Rows to drop so that every class keeps as many as the rarest has: drawn by `seed`. `class_of[i]` is row i's class.
std::vector<std::size_t> balance(std::span<const int> class_of, std::uint64_t seed);

// How differently the classes are shared out in the training part and in the rest.
struct ShareDifference {
  double found = 0;      // half the sum of |share - share|: 0 for alike, 1 for no class in common
  double by_chance = 0;  // that drawing so few rows explains: E|share - share| ≤ √(p (1/n + 1/m)), summed over the k
                         // classes at most ½ √(k (1/n + 1/m)) (Cauchy, Schwarz)
};

// By more than a fifth beyond chance: a split of sorted labels.
bool is_gross(const ShareDifference& difference);

ShareDifference share_difference(std::span<const int> class_of, std::span<const Split> splits);

}  // namespace agewise::catalog
