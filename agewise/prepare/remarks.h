// What a user should know of a preparation, a sentence each: before the pictures are read, and afterwards.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "agewise/prepare/prepare.h"

namespace agewise::prepare {

// plan_preparation() for `store`. What an unfinished store was told of its labels need not be told again: where
// options.label_options say nothing, what the store says holds. Throws UsageError for a sample_seed without a limit.
PreparePlan plan_for(const std::filesystem::path& store, PrepareOptions options);

// That the labels look wrong, that the parts differ much in their ages, that a limit took the youngest only.
std::vector<std::string> remarks_before(const PreparePlan& plan, const PrepareOptions& options);

struct Paths {
  std::filesystem::path store;
  std::vector<std::filesystem::path> pictures;  // at least one
};

// That sources were left out, that a complete store keeps another recipe, that under a tenth of the wanted faces were
// prepared and why that may be.
std::vector<std::string> remarks_after(const PreparePlan& plan, const PrepareResult& result, const Paths& paths);

// Throws Error, which says why that may be, if the store has no face; of a shard that is a remark.
void check_faces(const PreparePlan& plan, const PrepareResult& result, const Paths& paths);

}  // namespace agewise::prepare
