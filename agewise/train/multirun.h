// Several networks of one recipe, each trained on its own part of a store's training pictures: folds, and ensembles.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "agewise/train/examples.h"
#include "agewise/train/train.h"

namespace agewise::train {

// What one network of a multirun trains and is validated on: indices into Examples::faces, ascending.
struct MultirunPart {
  std::string name;  // of its folder in the run
  std::vector<std::uint32_t> train, validation;
};

// All of them but all_alike() divide the training part alone; the store's val and test pictures are seen by none.
// Persons, or groups of duplicates, are never divided; a picture without one is its own. Functions of the seed.

// `folds` parts, each validated on a share of the persons, the shares of about equally many pictures. Throws UsageError
// if there are fewer persons than folds.
std::vector<MultirunPart> folds_of(const Examples& examples, int folds, std::uint64_t seed);

// As many parts as there are persons, each validated on one (FG-NET's protocol). Throws UsageError if no person is
// known.
std::vector<MultirunPart> leaving_out_each_person(const Examples& examples);

// `members` parts, each validated on about a tenth drawn so that it keeps the distribution of ages, as DEX did for LAP:
// of each ten persons that follow each other by age one is drawn.
std::vector<MultirunPart> tenths_by_age(const Examples& examples, int members, std::uint64_t seed);

// `members` parts of all pictures alike, validated on the store's val part, or test where it has none: where nothing is
// chosen by validation (train.monitor = "last") nothing need be kept from training.
std::vector<MultirunPart> all_alike(const Examples& examples, int members);

enum class MultirunKind { folds, each_person, ensemble };

inline constexpr int kMostNetworks = 1000;  // folds or members

struct MultirunShape {
  MultirunKind kind = MultirunKind::folds;
  int count = 0;   // folds or members; 0 for each_person
  int member = 0;  // of an ensemble the only one that is trained here, from 1; 0: all
  friend bool operator==(const MultirunShape&, const MultirunShape&) = default;
};

// Whether several networks are trained: not one, nor a member by itself.
inline bool has_several(const std::optional<MultirunShape>& shape) { return shape && shape->member == 0; }

// "an ensemble of 20 networks", "member 3 of an ensemble of 20 networks": for messages.
std::string describe(const MultirunShape& shape);

struct MultirunTask {
  TrainTask task;  // of the whole multirun: run (made by create_multirun(), locked), recipe, store
  MultirunShape shape;
};

// What became of one network.
struct MultirunResult {
  std::string name;
  std::int64_t validation_pictures = 0;
  TrainResult result;
  EpochRecord best;
};

// A multirun is a run whose folder holds a run for each part, or is the run of the one member that it trains;
// `multirun.json` in it says of which shape. Throws UsageError if an ensemble has no such member.
RunFolder create_multirun(const std::filesystem::path& path, const recipe::Recipe& recipe, const MultirunShape& shape);
std::optional<MultirunShape> shape_of(const RunFolder& run);  // nothing: it is one network's
// As in that file: for other processes.
std::string to_text(const std::optional<MultirunShape>& shape);
// Throws Error or nlohmann::json::exception if it is none.
std::optional<MultirunShape> shape_from_text(const std::string& text);

// Trains one after the other, goes on where an earlier call stopped, and for an ensemble writes run.best(), one model
// of all. `begins` is told which network is next. Member i draws its weights and batches by train.seed + i, or begins
// with the weights of member i of task.from where that is an ensemble of as many. Throws as train() does, and
// UsageError for an ensemble of whitened networks.
std::vector<MultirunResult> train_multirun(const MultirunTask& multirun, nn::Engine& engine, const TrainHooks& hooks,
                                           const std::function<void(const std::string&)>& begins = {});

// Trains the shape's one member in task.run, to what train_multirun() would make of it.
TrainResult train_member(const MultirunTask& multirun, nn::Engine& engine, const TrainHooks& hooks);

// The model that train_multirun() would have written, of runs whose members were trained apart, in any order. Throws
// UsageError naming what is wrong if one is no such run or is not finished, if members are missing or doubled, or if
// recipes, stores or the weights to start from differ.
estimate::Model merge_members(const std::vector<std::filesystem::path>& runs);

}  // namespace agewise::train
