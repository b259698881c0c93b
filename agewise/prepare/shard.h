// A collection prepared by several machines: each a share of the rows, and the shares put together.
//
// All of them see all labels and all pictures: what is decided from labels, and which picture a row finds, is the same
// on each of them. Only what is read, decoded and stored is dealt out.
#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/prepare/prepare.h"

namespace agewise::prepare {

// Leaves in the plan of the whole collection what falls to `share`, and notes in its metadata which shard that is.
// Of every `share.count` wanted rows that follow each other each shard gets one, drawn at random, and so of the
// rejects: shards differ by at most one row of each, and no order of the labels, however regular, gives one of them all
// large pictures. Throws UsageError unless 1 <= number <= count <= kMostShards.
void take_share(PreparePlan& plan, const Share& share);

// What of the plan tells in which parts the faces stand once it is known which of them are copies.
std::vector<store::WantedRow> wanted_rows(const PreparePlan& plan);

// Changes the parts of the faces that `writer` has, so that copies of one picture stand in one (catalog/copies.h).
// `wanted`: of the whole collection, ascending.
void keep_copies_together(store::StoreWriter& writer, std::span<const store::WantedRow> wanted);

// Writes the store that one process would have made, row for row, of all its shards, in any order. It appears whole or
// not at all, beside a folder `store`.unfinished that is gone at the end. Memory grows with nothing but what the labels
// say of persons. Throws UsageError naming what is wrong if shards are missing, doubled or do not belong together, or
// something is at `store` already; Error for a shard that is unfinished, damaged or held by another process;
// Interrupted.
PrepareResult merge(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& store,
                    const base::StopFlag& stop, const base::ProgressSink& progress = {});

}  // namespace agewise::prepare
