// Which label row a picture belongs to.
#pragma once
#include <compare>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "agewise/catalog/catalog.h"

namespace agewise::prepare {

// A path as it is compared: '/' between folders where Windows wrote '\\', without a drive ("C:"), the ending in small
// letters, letters in Unicode's normal form C (what is no UTF-8 is taken for Windows-1252), and of Adience's pictures
// the same name for the aligned face and the other one. A path of plain letters mostly stays as it is.
std::string comparable(std::string_view path);

// How well two comparable paths fit. "." and empty components do not count.
struct Fit {
  int length = 0;        // components, from the last one on, that both have in common; 0: they do not fit
  bool unpacked = true;  // the picture does not lie in an archive within its source; whoever asks knows
  bool whole = false;    // one of the paths has no more than these
  bool exact = false;    // both have no more, be it that the picture's path begins with its folder's own name

  // Longer is better, then unpacked (it was unpacked from the archive beside it), then whole, then exact.
  friend auto operator<=>(const Fit&, const Fit&) = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 sees one
};
Fit fit_of(std::string_view row, std::string_view picture);

// Finds rows by the longest path suffix. Keeps views of the rows' file names: the rows must stay where they are.
class NameIndex {
 public:
  explicit NameIndex(const std::vector<catalog::CatalogRow>& rows);

  struct Match {
    std::vector<std::size_t> rows;  // that fit the picture best, ascending
    Fit fit;
    bool ambiguous = false;  // they name different files
  };
  Match find(std::string_view picture) const;

  // The row's path as it is compared.
  std::string_view path(std::size_t row) const;

 private:
  struct Entry {
    std::string_view name;  // the last component
    std::size_t row;
  };
  const std::vector<catalog::CatalogRow>& rows_;
  std::vector<std::pair<std::size_t, std::string>> changed_;  // rows whose comparable path is not their own; ascending
  std::vector<Entry> entries_;                                // sorted by name
};

}  // namespace agewise::prepare
