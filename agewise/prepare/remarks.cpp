#include "agewise/prepare/remarks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "agewise/base/error.h"
#include "agewise/base/text.h"
#include "agewise/catalog/label_options.h"

namespace agewise::prepare {
namespace {

using base::with_thousands;

void add_split(std::vector<std::string>& remarks, const PreparePlan& plan) {
  if (!catalog::is_gross(plan.share_difference)) return;
  remarks.push_back(
      fmt::format("the training part and the rest have very different shares of the classes (they differ by {:.0f} %): "
                  "the labels are probably sorted, and the split is ordered; use split.rule = \"random\"",
                  100 * plan.share_difference.found));
}

// The first rows of labels sorted by age are all of one age.
void add_limit(std::vector<std::string>& remarks, const PreparePlan& plan, const PrepareOptions& options) {
  constexpr std::size_t kFew = 20;  // rows that may be in order by chance
  if (!options.limit || options.sample_seed || plan.ages.size() < kFew || plan.chosen.size() == plan.rows.size())
    return;
  if (std::ranges::any_of(plan.ages, [](double age) { return std::isnan(age); })) return;  // ranges
  bool sorted = std::ranges::is_sorted(plan.ages) || std::ranges::is_sorted(plan.ages, std::greater<>());
  if (!sorted) return;
  remarks.push_back(
      fmt::format("the labels are sorted by age: the first {} rows only have ages from {:.0f} to {:.0f}; to draw as "
                  "many rows at random, give a sample seed (--sample 1)",
                  with_thousands(*options.limit), std::ranges::min(plan.ages), std::ranges::max(plan.ages)));
}

void add_left_out(std::vector<std::string>& remarks, const std::vector<std::string>& left_out) {
  constexpr std::size_t kMost = 10;
  for (std::size_t i = 0; i < std::min(kMost, left_out.size()); ++i)
    remarks.push_back(left_out[i] + "; it was left out");
  if (left_out.size() > kMost) remarks.push_back(fmt::format("and {} more were left out", left_out.size() - kMost));
}

std::string listed(const std::vector<std::string>& paths) {
  std::vector<std::string> quoted;
  for (const std::string& path : paths) quoted.push_back("\"" + path + "\"");
  return quoted.empty() ? "none" : fmt::format("{}", fmt::join(quoted, " "));
}

// Why hardly anything was prepared, as far as it can be told.
std::string likeliest_reason(const PreparePlan& plan, const PrepareResult& result, const std::string& pictures) {
  auto count = [&](catalog::Reason reason) {
    auto found = result.rejects.find(reason);
    return found == result.rejects.end() ? std::size_t{0} : static_cast<std::size_t>(found->second);
  };
  std::size_t wanted = plan.wanted.size(), missing = count(catalog::Reason::no_such_file);
  if (wanted == 0) return "every label row was rejected: see the counts by reason";
  if (2 * missing >= wanted)
    return fmt::format(
        "{} of {} label rows have no picture: {} may be the wrong folder or archive, or at a different folder level "
        "than the paths in the labels",
        with_thousands(missing), with_thousands(wanted), pictures);
  if (2 * count(catalog::Reason::ambiguous_name) >= wanted)
    return fmt::format(
        "most file names are ambiguous ({}): give only the right folder of {}, or labels that include the folders in "
        "the file names",
        result.ambiguous_like, pictures);
  return "most pictures were rejected: see the counts by reason";
}

bool are_few(const PreparePlan& plan, const PrepareResult& result) {
  return static_cast<std::size_t>(result.faces) * 10 < std::max<std::size_t>(1, plan.wanted.size());
}

std::string text_of_few(const PreparePlan& plan, const PrepareResult& result, const Paths& paths) {
  std::string why = likeliest_reason(plan, result, paths.pictures.front().string());
  if (!result.labels_like.empty())
    why += fmt::format("; labels: {}; pictures: {}", listed(result.labels_like), listed(result.pictures_like));
  std::string what = result.faces == 0 ? "no face was prepared"
                                       : fmt::format("only {} of {} faces were prepared",
                                                     with_thousands(static_cast<std::uint64_t>(result.faces)),
                                                     with_thousands(plan.wanted.size()));
  return fmt::format("{}: {}; {}. Delete the store before you prepare it again", paths.store.string(), what, why);
}

}  // namespace

PreparePlan plan_for(const std::filesystem::path& store, PrepareOptions options) {
  if (options.sample_seed && !options.limit)
    throw base::UsageError("a sample (--sample) needs a limit (--limit), the number of rows to draw");
  if (std::filesystem::exists(store) && store::is_store(store)) {
    options.label_options =
        catalog::filled_up(options.label_options, catalog::label_options_in(store::Store(store).metadata().labels));
  }
  return plan_preparation(options);
}

std::vector<std::string> remarks_before(const PreparePlan& plan, const PrepareOptions& options) {
  std::vector<std::string> remarks = plan.notes;
  add_split(remarks, plan);
  add_limit(remarks, plan, options);
  return remarks;
}

std::vector<std::string> remarks_after(const PreparePlan& plan, const PrepareResult& result, const Paths& paths) {
  std::vector<std::string> remarks;
  add_left_out(remarks, result.left_out);
  if (!result.other_training.empty())
    remarks.push_back(fmt::format(
        "{} is complete and keeps the recipe that it was made with ({}); give the new recipe to `agewise train`",
        paths.store.string(), result.other_training));
  bool told = result.faces > 0 || plan.metadata.shard;  // else check_faces() tells
  if (told && !plan.wanted.empty() && are_few(plan, result)) remarks.push_back(text_of_few(plan, result, paths));
  return remarks;
}

void check_faces(const PreparePlan& plan, const PrepareResult& result, const Paths& paths) {
  bool few_rows = plan.metadata.shard.has_value();  // of which all pictures may be faulty
  if (result.faces == 0 && !few_rows) throw base::Error(text_of_few(plan, result, paths));
}

}  // namespace agewise::prepare
