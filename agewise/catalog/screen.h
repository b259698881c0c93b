// Which rows are used, and why the others are not; which part of the split each belongs to.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agewise/catalog/catalog.h"

namespace agewise::catalog {

// Reason::none if the row is used. A fault of the row itself comes first, then what is checked in the order in which
// the reasons are listed. An age known as a range is within the bounds if any of the range is.
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
