// Pictures that are copies of each other, and the split.
#pragma once
#include <span>
#include <vector>

#include "agewise/catalog/screen.h"

namespace agewise::catalog {

// Changes `splits` so that what belongs together stands in one part: the rows of each group, all rows of their persons,
// the copies of those, and so on. Their part is that of the first row among them whose labels say it, or else of the
// first row. Rows whose labels say their part keep it. `groups` and `splits` speak of places in `rows`.
void keep_together(std::span<const CatalogRow* const> rows, std::span<const std::vector<std::size_t>> groups,
                   std::vector<Split>& splits);

}  // namespace agewise::catalog
