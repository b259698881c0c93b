// Labels and pictures to a store: parallel, bounded in memory, resumable, nothing dropped without a counted reason.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agewise/base/progress.h"
#include "agewise/catalog/catalog.h"
#include "agewise/store/store_writer.h"

namespace agewise::prepare {

inline constexpr int kMostShards = 500;  // `merge` has them all open at once

// One machine's share of a collection: shard `number`, 1 … count, of `count`.
struct Share {
  int number = 1, count = 1;
  std::string program;  // that prepares it, with its version: "agewise 1.2"
};

struct PrepareOptions {
  std::vector<std::filesystem::path> labels;
  catalog::LabelOptions label_options;
  recipe::Recipe recipe;
  std::optional<std::size_t> limit;          // of label rows, before screening
  std::optional<std::uint64_t> sample_seed;  // with limit: drawn at random
  bool balance = false;                      // as many of each class as the rarest has
  std::optional<Share> share;                // to prepare no more than that (shard.h)
};

// What is to be done, decided from labels alone: before any picture is looked at, so that neither splits nor order
// depend on pictures, their arrival or threads.
struct PreparePlan {
  struct Unwanted {
    std::size_t row;
    catalog::Reason reason;
  };

  store::StoreMetadata metadata;
  std::vector<catalog::CatalogRow> rows;      // of all label files, one after the other; a row's place is its number
  std::vector<std::size_t> chosen;            // by limit and sample, and of these the share
  std::vector<std::size_t> wanted;            // chosen rows that survive screening, ascending
  std::vector<catalog::Split> splits;         // of the wanted
  std::vector<double> ages;                   // of the wanted, years; NaN where only a range is known
  std::vector<Unwanted> rejects;              // chosen rows that do not
  catalog::ShareDifference share_difference;  // of the classes, between training part and rest; exact ages only
  std::vector<std::string> notes;             // what looks wrong in the labels, a sentence each
};

// Throws Error for labels that cannot be read, UsageError where the recipe needs genders that they leave open.
PreparePlan plan_preparation(const PrepareOptions& options);

struct PrepareResult {
  std::int64_t faces = 0;                           // in the store now
  std::map<catalog::Reason, std::int64_t> rejects;  // in the store now
  std::int64_t whole_pictures = 0;                  // of the faces: those in which none was found (face.detect)
  std::int64_t unasked = 0;                         // pictures that no row asked for
  store::Copies copies;
  // Where under a tenth of the wanted rows found a picture: some of the rows' files, and some pictures that no row
  // asked for, to be compared.
  std::vector<std::string> labels_like, pictures_like;
  std::string ambiguous_like;  // of the rows of ambiguous name the first, and what it fits; empty if there is none
  bool went_on = false;        // an earlier run had begun the store
  bool was_complete = false;   // an earlier run had done it all: no picture was read
  std::vector<std::string> left_out;  // of the sources: what could not be looked into, a line each
  // Of a store that was complete: where its recipe, which stays, trains otherwise than the plan's. "train.learning_rate
  // = 0.001, not 0.01", or empty.
  std::string other_training;
};

// Reads the pictures of all sources once and fills the store. Goes on where an earlier run stopped. On `stop`, or when
// a source is cut short, the disk is full or the system could not read some pictures of a folder, what is done is saved
// and Interrupted or Error is thrown: the store stays incomplete, and the next run reads what is missing.
// Of a share, the store becomes a shard.
PrepareResult prepare(const PreparePlan& plan, const std::vector<std::filesystem::path>& pictures,
                      const std::filesystem::path& store, int threads, const base::StopFlag& stop,
                      const base::ProgressSink& progress = {});

// What the finished store holds: the result but for what only reading the pictures tells.
PrepareResult result_of(const store::Store& store);

}  // namespace agewise::prepare
