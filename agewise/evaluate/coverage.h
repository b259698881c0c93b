// Whether intervals hold what they promise, for each decade of the true age.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agewise/estimate/interval.h"
#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

// Of the intervals that the predictions have, with and without those wider than predict.widest_interval; nothing if no
// prediction has one. A picture whose age is known only as a range counts by its range_ages, which takes the model to
// be right within the range.
std::optional<Coverage> coverage_of(std::span<const Prediction> predictions, double promised, double widest_interval);

// The decade in which the fewest of the true ages are inside, of those with kFewest pictures or more; nothing if none
// has so many.
inline constexpr double kFewest = 20;
const Covered* worst_decade(const Coverage& coverage);

// Pictures of one store or several to calibrate on. All have an estimate.
struct CalibrationSet {
  std::vector<Prediction> predictions;
  std::vector<std::size_t> sources;  // of each, an index of source_names
  std::vector<std::string> source_names;
};

// Adds a store's pictures: a source for each that its labels name, "STORE: SOURCE", or where they name at most one,
// for the store.
void add(CalibrationSet& set, const std::string& store, std::vector<Prediction> predictions);

// Throws std::invalid_argument as estimate::calibrate() does.
estimate::Intervals calibrate(const CalibrationSet& set, double coverage);

struct CoverageStudy {
  int splits = 0;
  double mean = 0, deviation = 0, lowest = 0, highest = 0;  // share of true ages inside, 0 … 1, over 2 · splits halves
  Coverage all;                   // over all of these: sources weigh as in calibrate(), the same each
  std::vector<Coverage> sources;  // each by itself, all its pictures alike
  // Of "N years or older": errors are means over the halves. Over all of these, sources weighing the same; and of each.
  std::vector<Reliability> reliability;
  std::vector<std::vector<Reliability>> sources_reliability;
};

// Cuts the set into halves `splits` times at random, persons and groups of duplicates whole, also those that several
// stores call the same; each half is calibrated on and measured with the other. Throws std::invalid_argument as
// calibrate() does for too few pictures.
CoverageStudy study_coverage(const CalibrationSet& set, double coverage, int splits);

}  // namespace agewise::evaluate
