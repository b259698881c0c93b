#include "agewise/prepare/name_index.h"

#include <algorithm>

namespace agewise::prepare {
namespace {

// Takes the last component off the path; empty once there is none.
std::string_view pop_component(std::string_view& path) {
  while (true) {
    while (path.ends_with('/')) path.remove_suffix(1);
    std::size_t begin = path.find_last_of('/') + 1;  // npos + 1 is 0
    std::string_view last = path.substr(begin);
    path = path.substr(0, begin);
    if (last != ".") return last;
  }
}

std::string_view last_component(std::string_view path) { return pop_component(path); }

}  // namespace

int common_suffix(std::string_view a, std::string_view b) {
  int common = 0;
  while (true) {
    std::string_view last = pop_component(a);
    if (last.empty() || last != pop_component(b)) return common;
    ++common;
  }
}

NameIndex::NameIndex(const std::vector<catalog::CatalogRow>& rows) : rows_(rows) {
  entries_.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) entries_.push_back({last_component(rows[row].file), row});
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.name != b.name ? a.name < b.name : a.row < b.row; });
}

NameIndex::Match NameIndex::find(std::string_view picture) const {
  Entry key{last_component(picture), 0};
  auto [begin, end] = std::equal_range(entries_.begin(), entries_.end(), key,
                                       [](const Entry& a, const Entry& b) { return a.name < b.name; });
  Match best;
  for (auto entry = begin; entry != end; ++entry) {
    int length = common_suffix(rows_[entry->row].file, picture);
    if (length > best.length) best = {{}, length};
    if (length == best.length && length > 0) best.rows.push_back(entry->row);
  }
  return best;
}

}  // namespace agewise::prepare
