// How well a model does on a part of a store, beside what one could say without looking at any picture.
#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agewise/base/communicator.h"
#include "agewise/base/progress.h"
#include "agewise/estimate/model.h"
#include "agewise/nn/engine.h"
#include "agewise/store/store.h"

namespace agewise::evaluate {

// A picture, what it is and what the model takes it for.
struct Prediction {
  store::FaceRecord face;
  double estimate = 0;  // years; NaN: the network gave none (estimate/estimator.h)
  int estimated_class = 0;
  std::vector<double> members = {};                    // of an ensemble: each member's estimate
  std::optional<double> male = {};                     // probability, where the model has a gender head
  double scale = 1;                                    // estimate::scale_of()
  std::optional<estimate::AgeInterval> interval = {};  // where the model is calibrated and is asked as it predicts
  std::vector<double> range_ages = {};    // where only a range is known: equally probable ages in it, kRangeAges
  std::vector<double> shares = {};        // estimate::shares_from(); of a regression empty
  std::vector<double> range_shares = {};  // where only a range is known: estimate::shares_within(); likewise
};

inline constexpr int kRangeAges = 8;  // age::ages_within()
// The exact age, or equally probable ones.
std::vector<double> known_ages(const Prediction& one);

inline constexpr std::array<double, 4> kScoreYears{1, 3, 5, 10};  // the k of CS@k

// A picture without an estimate is in the wrong class and within no k years.
struct Scores {
  double accuracy = 0;                          // share in the right class, 0 … 1
  double mae = 0, mean_error = 0;               // years, NaN if any estimate is missing; mean_error: estimate - truth
  std::array<double, kScoreYears.size()> cs{};  // % with |error| ≤ k
  std::optional<double> epsilon_error;          // where the deviation of every age is known
};

struct Group {
  std::string name;  // "20–29", "female", a source
  std::int64_t pictures = 0;
  std::int64_t missing = 0;  // of these: without an estimate
  Scores model;
  Scores baseline;  // of always answering one class, and one age
};

// What the members of an ensemble are on their own.
struct Members {
  std::size_t count = 0;
  double mean_mae = 0, best_mae = 0, worst_mae = 0;  // years
  double spread = 0;                                 // deviation of the members' ages, mean over the pictures
};

// Pictures whose age is known only as a range, or some of them.
struct RangeScores {
  std::string name;  // "all", "10–19", "female"
  std::int64_t pictures = 0;
  double inside = 0, near = 0;  // shares of the estimates within the range, and at most kNear years off it
  // Years from the nearest end, 0 inside: absolute, and signed (above: +); NaN if any estimate is missing.
  double distance = 0, mean_distance = 0;
};
inline constexpr double kNear = 2;

struct Ranges {
  RangeScores all;
  // By what is known: each range, ascending, or where there are more than kMostRanges the decades of their middles;
  // gender, race and source.
  std::vector<RangeScores> groups;
};
inline constexpr std::size_t kMostRanges = 12;

// How often intervals hold the true age, of pictures of one kind.
struct Covered {
  std::string name;     // "20–29", "80 and over", a source
  double pictures = 0;  // one whose age is a range counts in each decade by its probability
  double share = 0;     // of the true ages that lie inside, 0 … 1
  double width = 0;     // years, mean
};

struct Coverage {
  double promised = 0;  // Intervals::coverage
  Covered all;
  std::vector<Covered> decades;      // of the true age; empty ones are left out
  double untold = 0;                 // pictures whose age the model cannot tell (Estimate::cannot_tell)
  std::optional<Covered> told = {};  // all without them, where there are both
};

// Pictures whose probability lies in one bin.
struct ReliabilityBin {
  double pictures = 0;
  double told = 0, older = 0;  // mean probability told; share of those who are so old or older: 0 … 1
};
inline constexpr std::size_t kReliabilityBins = 10;

// Whether "N years or older" holds what it says (estimate/at_least.h).
struct Reliability {
  int years = 0;  // N
  ReliabilityBin all = {};
  std::array<ReliabilityBin, kReliabilityBins> bins = {};  // of told 0 … 0.1, 0.1 … 0.2, …
  double error = 0;  // expected calibration error: the mean over the bins, by their pictures, of |told - older|, 0 … 1
};

struct Evaluation {
  catalog::Split part = catalog::Split::test;
  std::vector<std::string> class_names;
  // What the baselines answer: the commonest class and the mean age, in years, of the training part, or in a store
  // without one of the pictures themselves, which no guess could know.
  int majority_class = 0;
  double mean_age = 0;
  std::string baseline_from;  // "the training part", "these pictures"
  Group all;
  std::vector<Group> decades, genders, races, sources;  // empty groups are left out
  std::vector<std::vector<std::int64_t>> confusion;     // [true class][estimated class], pictures with an estimate
  std::vector<Prediction> worst;                        // those without an estimate, then largest |error| first
  std::optional<Members> members;                       // of an ensemble whose members all gave estimates
  std::optional<Ranges> ranges;                         // beside all these
  std::optional<Coverage> coverage;                     // of exact ages, where the model gives intervals
  std::vector<Reliability> reliability;   // of ages and ranges, for the N that the model is calibrated for
  std::optional<double> gender_accuracy;  // share of those with a known gender, where the model tells it
  std::string other_cut;                  // a sentence, see caveat_of_cut(); mostly none
  std::string other_settings;             // estimate::SettingsChange::text; mostly none
  // By more than two standard errors. Nothing where the baselines know the truth, or estimates are missing.
  std::optional<bool> beats_majority, beats_mean_age;
};

inline constexpr std::size_t kWorst = 24;  // pictures in Evaluation::worst, at most

// Takes the pictures whose age is known only as a range out of `predictions`; nothing if there are none.
std::optional<Ranges> take_ranges(std::vector<Prediction>& predictions);

// `wanted`, or where none is wanted `test`, or `val` in a store without test pictures. Throws Error naming the store if
// it has no such pictures.
catalog::Split part_to_evaluate(const store::Store& store, std::optional<catalog::Split> wanted);

// To evaluate `model`, a file or a run, on: `data`, or where that is empty the run's own store. Throws UsageError where
// neither says which or the run has several, Error if it is not finished: which part of it would be measured is chance.
store::Store store_for(const std::filesystem::path& model, const std::filesystem::path& data);

// Faces of another cut than the model's: a figure of them is not the model's, but tells what the other cut costs.
enum class OtherCut { refused, measured };

// Runs the model on every picture of the part, as an Estimator does, or the way its recipe tests if it has the
// article's habits (train/test_network.h); `threads` decode pictures. Of several processes each takes its share of the
// batches, of the same model and store, and all are told of all pictures. Throws UsageError naming what differs if the
// faces are of another size or colour than the model's, or cut otherwise and that is refused (face/spec.h); Interrupted
// on `stop`.
std::vector<Prediction> predict(const estimate::Model& model, const store::Store& store, catalog::Split part,
                                nn::Engine& engine, int threads, const base::StopFlag& stop,
                                const base::ProgressSink& progress, OtherCut other_cut = OtherCut::refused,
                                base::Communicator& communicator = base::alone());

// A sentence that says how the store's faces are cut otherwise than the model's own; mostly none.
std::string caveat_of_cut(const estimate::Model& model, const store::Store& store);

// What `predictions`, which may not be empty and has exact ages only, says. The baselines know `training_ages`, or if
// empty the true ages.
Evaluation evaluate(const std::vector<Prediction>& predictions, catalog::Split part, const age::Classes& classes,
                    const std::vector<double>& training_ages);

// What `predictions`, all that predict() told of a part of `store`, says beside the baselines of the store's training
// part. The pictures whose age is known only as a range are in `ranges` alone; where there are no others, all.pictures
// is 0.
Evaluation evaluation_of(std::vector<Prediction> predictions, catalog::Split part, const estimate::Model& model,
                         const store::Store& store);

// What a reader of the figures must know, a sentence each: that estimates are missing, and in which decades; that the
// faces are cut otherwise; that the estimates are made otherwise than the model's file says; that the model is no
// better than a baseline; that the baselines know the truth; that the best epoch was chosen on the same pictures.
// Mostly none.
std::vector<std::string> caveats(const Evaluation& evaluation, const estimate::Model& model);

}  // namespace agewise::evaluate
