#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <queue>

#include "agewise/base/error.h"
#include "agewise/base/files.h"
#include "agewise/prepare/shard.h"
#include "agewise/recipe/determines.h"
#include "agewise/store/row_stream.h"

namespace agewise::prepare {
namespace {

namespace fs = std::filesystem;

struct OpenedShard {
  fs::path file;
  store::StoreMetadata metadata;
  store::Shard shard;
};

// "prepare --shard 2/4"
std::string command_for(int number, int count) { return fmt::format("`agewise prepare --shard {}/{}`", number, count); }

OpenedShard opened(const fs::path& file) {
  store::StoreMetadata metadata = store::Store(file).metadata();
  if (!metadata.shard)
    throw base::UsageError(file.string() + ": is a whole store, not a shard as `agewise prepare --shard` makes it");
  store::Shard shard = *metadata.shard;
  return {file, std::move(metadata), std::move(shard)};
}

// Throws unless both shards were made of the same collection and by the same program and recipe.
void check_belong_together(const OpenedShard& first, const OpenedShard& other) {
  auto fail = [&](const std::string& what) {
    throw base::UsageError(fmt::format("{}: {}", other.file.string(), what));
  };
  const store::Shard &a = first.shard, &b = other.shard;
  if (a.count != b.count)
    fail(fmt::format("is {}, and {} is {}: all must be of one number", text_of(b), first.file.string(), text_of(a)));
  if (a.number == b.number) fail(fmt::format("is {}, as {} is; name one of them", text_of(b), first.file.string()));
  std::string recipe = store::difference_of_recipes(other.metadata, first.metadata);
  std::string again =
      "; remove it and run its " + command_for(b.number, b.count) + " with the same options as the others";
  if (!recipe.empty())
    fail(fmt::format("was made by another recipe than {}: {}{}", first.file.string(), recipe, again));
  if (first.metadata.labels != other.metadata.labels || a.collection != b.collection)
    fail(fmt::format("was made of other labels, or of another choice of their rows, than {}{}", first.file.string(),
                     again));
  if (a.program != b.program)
    fail(fmt::format("was made by {}, and {} by {}: remove one and make it anew with the program of the others",
                     b.program, first.file.string(), a.program));
}

void check_all_there(const std::vector<OpenedShard>& shards) {
  constexpr std::size_t kMostNamed = 10;
  int count = shards.front().shard.count;
  std::vector<int> missing;
  for (int number = 1; number <= count; ++number) {
    if (std::ranges::none_of(shards, [&](const OpenedShard& one) { return one.shard.number == number; }))
      missing.push_back(number);
  }
  if (missing.empty()) return;
  bool one = missing.size() == 1;
  int first = missing.front();
  std::string more = missing.size() > kMostNamed ? fmt::format(" and {} more", missing.size() - kMostNamed) : "";
  missing.resize(std::min(missing.size(), kMostNamed));
  throw base::UsageError(fmt::format("{} {}{} of {} {} missing: name {} stores too, or make them ({} …)",
                                     one ? "shard" : "shards", fmt::join(missing, ", "), more, count,
                                     one ? "is" : "are", one ? "its" : "their", command_for(first, count)));
}

void check_finished(const std::vector<OpenedShard>& shards) {
  for (const OpenedShard& one : shards) {
    if (!one.metadata.complete)
      throw base::file_error(one.file, fmt::format("{} is not finished; run its {} again, which resumes it",
                                                   text_of(one.shard), command_for(one.shard.number, one.shard.count)));
  }
  const OpenedShard& first = shards.front();
  for (const OpenedShard& one : shards) {
    if (one.shard.pictures != first.shard.pictures)
      throw base::UsageError(fmt::format(
          "{}: was made of other pictures than {}: the folder or archive must have the same name and the same files on "
          "all machines; remove the shard that saw other ones and prepare it anew",
          one.file.string(), first.file.string()));
  }
}

// By number: a whole set, finished.
std::vector<OpenedShard> checked(const std::vector<fs::path>& files) {
  std::vector<OpenedShard> shards;
  for (const fs::path& file : files) shards.push_back(opened(file));
  std::ranges::stable_sort(shards, {}, [](const OpenedShard& one) { return one.shard.number; });
  for (std::size_t i = 1; i < shards.size(); ++i) check_belong_together(shards[i - 1], shards[i]);
  check_all_there(shards);
  check_finished(shards);
  return shards;
}

void check_name(const fs::path& store, const std::vector<OpenedShard>& shards) {
  std::error_code ignored;
  if (fs::exists(store, ignored))
    throw base::UsageError(store.string() + ": is there already; remove it, or give the store another name");
  std::uint64_t needed = 0;
  for (const OpenedShard& one : shards) needed += fs::file_size(one.file);
  store::check_disk(store, needed);
}

// A store while it is written, in a folder of its own: with its journal and with what a killed process left.
class Draft {
 public:
  explicit Draft(const fs::path& store) : store_(fs::absolute(store)), folder_(store_) {
    folder_ += ".unfinished";
    std::error_code problem;
    fs::create_directory(folder_, problem);
    if (problem) throw base::system_error(store, "cannot be written", problem.value());
    lock_.emplace(folder_ / "lock", store.string() + ": another agewise is merging into it");
    remove_store();
  }
  ~Draft() {
    std::error_code ignored;
    remove_store();
    fs::remove(folder_ / "lock", ignored);
    fs::remove(folder_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  fs::path file() const { return folder_ / "store.db"; }
  void commit() {  // SQLite has written it to disk
    std::error_code problem;
    fs::rename(file(), store_, problem);
    if (problem) throw base::system_error(store_, "cannot write", problem.value());
  }

 private:
  void remove_store() const {
    std::error_code ignored;
    for (const char* name : {"store.db", "store.db-journal"}) fs::remove(folder_ / name, ignored);
  }

  fs::path store_, folder_;
  std::optional<base::FileLock> lock_;
};

// The rows of all shards in label order.
class MergedRows {
 public:
  explicit MergedRows(const std::vector<OpenedShard>& shards) : shards_(shards), rows_(shards.size()) {
    for (const OpenedShard& one : shards) streams_.emplace_back(one.file);
    for (std::size_t i = 0; i < shards.size(); ++i) advance(i);
  }

  std::uint64_t count() const {
    std::uint64_t count = 0;
    for (const store::RowStream& stream : streams_) count += stream.count();
    return count;
  }

  // Nothing at the end; the row lasts until the next call.
  const store::StoredRow* next() {
    if (given_) advance(*given_);
    given_.reset();
    if (waiting_.empty()) return nullptr;
    auto [row, shard] = waiting_.top();
    waiting_.pop();
    if (!waiting_.empty() && waiting_.top().first == row)
      throw base::file_error(shards_[shard].file,
                             fmt::format("has label row {}, and so has {}: one of them is damaged; prepare it anew",
                                         row, shards_[waiting_.top().second].file.string()));
    given_ = shard;
    return &rows_[shard];
  }

 private:
  using Waiting = std::pair<std::int64_t, std::size_t>;  // a row and whose it is

  void advance(std::size_t shard) {
    if (streams_[shard].next(rows_[shard])) waiting_.emplace(rows_[shard].row, shard);
  }

  const std::vector<OpenedShard>& shards_;
  std::vector<store::RowStream> streams_;
  std::vector<store::StoredRow> rows_;  // the next one of each shard
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
  std::optional<std::size_t> given_;  // whose row next() gave last
};

void write_rows(const std::vector<OpenedShard>& shards, store::StoreWriter& writer, const base::StopFlag& stop,
                const base::ProgressSink& progress) {
  MergedRows rows(shards);
  base::Progress state{"merging", 0, rows.count()};
  while (const store::StoredRow* row = rows.next()) {
    if (stop) throw base::Interrupted("stopped; nothing was written: run the same command again");
    if (const auto* face = std::get_if<store::FaceRecord>(&row->record)) {
      writer.add(*face, row->encoded, row->picture);
    } else {
      writer.add(std::get<store::RejectRecord>(row->record), row->picture);
      ++state.rejects;
    }
    ++state.done;
    if (progress) progress(state);
  }
}

std::vector<store::WantedRow> wanted_of(const std::vector<OpenedShard>& shards) {
  std::vector<store::WantedRow> all;
  for (const OpenedShard& one : shards) {
    std::vector<store::WantedRow> own = store::Store(one.file).wanted();
    all.insert(all.end(), own.begin(), own.end());
  }
  std::ranges::sort(all, {}, &store::WantedRow::row);
  return all;
}

std::string other_training(const std::vector<OpenedShard>& shards) {
  for (const OpenedShard& one : shards) {
    std::string difference =
        recipe::first_difference(recipe::Outcome::training, shards.front().metadata.recipe, one.metadata.recipe);
    if (!difference.empty()) return fmt::format("{} as {} has", difference, one.file.string());
  }
  return "";
}

}  // namespace

PrepareResult merge(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& store,
                    const base::StopFlag& stop, const base::ProgressSink& progress) {
  std::vector<OpenedShard> all = checked(shards);
  check_name(store, all);
  store::StoreMetadata metadata = all.front().metadata;
  metadata.shard.reset();
  Draft draft(store);
  {
    store::StoreWriter writer(draft.file(), metadata);
    write_rows(all, writer, stop, progress);
    keep_copies_together(writer, wanted_of(all));
    writer.finish(metadata.unasked);
  }
  draft.commit();
  PrepareResult result = result_of(store::Store(store));
  result.other_training = other_training(all);
  return result;
}

}  // namespace agewise::prepare
