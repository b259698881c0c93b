#include "agewise/catalog/copies.h"

#include <map>
#include <numeric>
#include <optional>
#include <string_view>

namespace agewise::catalog {
namespace {

// Sets that grow together, each called by its lowest member.
class Unions {
 public:
  explicit Unions(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }

  std::size_t set_of(std::size_t member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  void join(std::size_t a, std::size_t b) {
    a = set_of(a), b = set_of(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

Unions united(std::span<const Placed> rows, std::span<const std::vector<std::size_t>> groups) {
  Unions unions(rows.size());
  std::map<std::string_view, std::size_t> first_of;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].person.empty()) unions.join(i, first_of.try_emplace(rows[i].person.str(), i).first->second);
  }
  for (const std::vector<std::size_t>& group : groups) {
    for (std::size_t row : group) unions.join(row, group.front());
  }
  return unions;
}

}  // namespace

std::vector<Split> kept_together(std::span<const Placed> rows, std::span<const std::vector<std::size_t>> groups) {
  Unions unions = united(rows, groups);
  std::map<std::size_t, std::optional<Split>> part_of;  // of the sets that hold copies
  for (const std::vector<std::size_t>& group : groups) part_of[unions.set_of(group.front())];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto set = part_of.find(unions.set_of(i));
    if (set != part_of.end() && !set->second && rows[i].by_labels) set->second = rows[i].split;
  }
  std::vector<Split> splits;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto set = part_of.find(unions.set_of(i));
    bool stays = set == part_of.end() || rows[i].by_labels;
    splits.push_back(stays ? rows[i].split : set->second.value_or(rows[set->first].split));
  }
  return splits;
}

}  // namespace agewise::catalog
