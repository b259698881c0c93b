// Pictures that are copies of each other, and the split.
#pragma once
#include <span>
#include <vector>

#include "agewise/base/interned.h"
#include "agewise/catalog/screen.h"

namespace agewise::catalog {

// What decides in which part of the split a row stands, until it is known whose copies there are.
struct Placed {
  base::Interned person;  // or group of duplicates; empty: not known
  Split split = Split::train;
  bool by_labels = false;  // the labels say the part: the row keeps it
};

// The parts of `rows` changed so that what belongs together stands in one: the rows of each group, all rows of their
// persons, the copies of those, and so on. Their part is that of the first row among them whose labels say it, or else
// of the first row. `groups` speak of places in `rows`.
std::vector<Split> kept_together(std::span<const Placed> rows, std::span<const std::vector<std::size_t>> groups);

}  // namespace agewise::catalog
