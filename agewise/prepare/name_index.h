// Which label row a picture belongs to.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "agewise/catalog/catalog.h"

namespace agewise::prepare {

// Number of path components, from the last one on, that two paths have in common; "." and empty ones do not count.
int common_suffix(std::string_view a, std::string_view b);

// Finds rows by the longest path suffix. Keeps views of the rows' file names: the rows must stay where they are.
class NameIndex {
 public:
  explicit NameIndex(const std::vector<catalog::CatalogRow>& rows);

  struct Match {
    std::vector<std::size_t> rows;  // that share the longest suffix with the picture; more than one is ambiguous
    int length = 0;                 // components of that suffix
  };
  Match find(std::string_view picture) const;

 private:
  struct Entry {
    std::string_view name;  // the last component
    std::size_t row;
  };
  const std::vector<catalog::CatalogRow>& rows_;
  std::vector<Entry> entries_;  // sorted by name
};

}  // namespace agewise::prepare
