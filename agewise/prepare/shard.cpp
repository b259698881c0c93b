#include "agewise/prepare/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "agewise/base/error.h"
#include "agewise/base/hash.h"
#include "agewise/base/random.h"

namespace agewise::prepare {
namespace {

// Which of `things` fall to the share: places, ascending.
std::vector<std::size_t> dealt(std::size_t things, const Share& share) {
  auto count = static_cast<std::size_t>(share.count);
  std::vector<std::size_t> own, shard_of(count);
  for (std::size_t begin = 0; begin < things; begin += count) {
    std::iota(shard_of.begin(), shard_of.end(), std::size_t{1});
    base::Random(count, base::Purpose::sample, static_cast<std::uint32_t>(begin / count)).shuffle(std::span(shard_of));
    auto place = std::find(shard_of.begin(), shard_of.end(), static_cast<std::size_t>(share.number));
    std::size_t drawn = begin + static_cast<std::size_t>(place - shard_of.begin());
    if (drawn < things) own.push_back(drawn);
  }
  return own;
}

template <class T>
void keep(std::vector<T>& all, const std::vector<std::size_t>& places) {
  std::vector<T> kept;
  for (std::size_t place : places) kept.push_back(all[place]);
  all = std::move(kept);
}

// Of the whole plan. Labels that are files have a hash in the metadata; a folder's names have none but this.
std::string hash_of(const PreparePlan& plan) {
  base::ContentHasher hasher;
  for (std::size_t i = 0; i < plan.wanted.size(); ++i) {
    const catalog::CatalogRow& row = plan.rows[plan.wanted[i]];
    hasher.add(
        fmt::format("{} {} {}:{}\n", plan.wanted[i], static_cast<int>(plan.splits[i]), row.file.size(), row.file));
  }
  for (const auto& [row, reason] : plan.rejects) hasher.add(fmt::format("{} not {}\n", row, static_cast<int>(reason)));
  return hasher.hash();
}

}  // namespace

void take_share(PreparePlan& plan, const Share& share) {
  if (share.number < 1 || share.number > share.count || share.count > kMostShards)
    throw base::UsageError(fmt::format("shard {}/{} (--shard): there are shards 1/n to n/n, and n is at most {}",
                                       share.number, share.count, kMostShards));
  plan.metadata.shard = store::Shard{share.number, share.count, share.program, hash_of(plan), ""};
  std::vector<std::size_t> own = dealt(plan.wanted.size(), share);
  keep(plan.wanted, own);
  keep(plan.splits, own);
  keep(plan.ages, own);
  keep(plan.rejects, dealt(plan.rejects.size(), share));
  plan.chosen = plan.wanted;
  for (const PreparePlan::Unwanted& reject : plan.rejects) plan.chosen.push_back(reject.row);
  std::sort(plan.chosen.begin(), plan.chosen.end());
}

std::vector<store::WantedRow> wanted_rows(const PreparePlan& plan) {
  std::vector<store::WantedRow> rows;
  for (std::size_t i = 0; i < plan.wanted.size(); ++i) {
    const catalog::CatalogRow& row = plan.rows[plan.wanted[i]];
    rows.push_back({static_cast<std::int64_t>(plan.wanted[i]), {row.person, plan.splits[i], !row.split.empty()}});
  }
  return rows;
}

void keep_copies_together(store::StoreWriter& writer, std::span<const store::WantedRow> wanted) {
  std::vector<std::vector<std::size_t>> groups;
  for (const std::vector<std::int64_t>& rows : writer.copies()) {
    std::vector<std::size_t> places;
    for (std::int64_t row : rows) {
      auto place = std::ranges::lower_bound(wanted, row, {}, &store::WantedRow::row);
      if (place != wanted.end() && place->row == row)
        places.push_back(static_cast<std::size_t>(place - wanted.begin()));
    }
    if (!places.empty()) groups.push_back(std::move(places));
  }
  if (groups.empty()) return;
  std::vector<catalog::Placed> placed;
  for (const store::WantedRow& row : wanted) placed.push_back(row.placed);
  std::vector<catalog::Split> splits = catalog::kept_together(placed, groups);
  for (std::size_t i = 0; i < splits.size(); ++i) {
    if (splits[i] != placed[i].split) writer.set_split(wanted[i].row, splits[i]);
  }
}

}  // namespace agewise::prepare
