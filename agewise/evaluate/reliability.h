// Whether "N years or older" is as probable as it is told, for pictures of known age.
#pragma once
#include <array>
#include <map>
#include <span>
#include <vector>

#include "agewise/estimate/at_least.h"
#include "agewise/evaluate/evaluate.h"

namespace agewise::evaluate {

// For each of estimate::kThresholds 1: the person is so many years old or older; 0: younger; of a person whose age is
// known only as a range as probable as range_shares say, which takes the model to be right within the range.
std::vector<double> shares_older(const Prediction& one);

// What was told of pictures, in bins of it.
class ReliabilitySums {
 public:
  // A picture, for the N of the sigmoids; nothing if it has no estimate or no shares, or an N is none of kThresholds.
  void add(const Prediction& prediction, std::span<const estimate::Sigmoid> sigmoids);
  // Other pictures, each weighing as much as `weight` of these.
  void add(const ReliabilitySums& other, double weight);
  // For the N that pictures were added for.
  std::vector<Reliability> reliability() const;

 private:
  struct Bin {
    double pictures = 0, weight = 0, told = 0, older = 0;  // told and older: sums by weight
  };
  static ReliabilityBin mean_of(const Bin& sums);

  std::array<std::array<Bin, kReliabilityBins>, estimate::kThresholds.size()> bins_ = {};
};

// Over halves, each measured with sigmoids that were fitted to another: their errors are not those of the sums, in
// which what is too much in one half makes up for what is too little in the other.
class ReliabilityOfHalves {
 public:
  void add(const ReliabilitySums& half);
  // Errors: means over the halves; the rest over all of them together, a picture counting once in `splits` halves.
  std::vector<Reliability> reliability(int splits) const;

 private:
  struct Errors {
    double sum = 0;
    int halves = 0;
  };
  ReliabilitySums sums_;
  std::map<int, Errors> errors_;  // by N
};

// Of predictions that have an interval: that were made as the model predicts.
std::vector<Reliability> reliability_of(std::span<const Prediction> predictions,
                                        std::span<const estimate::Sigmoid> sigmoids);

// That with the largest error; `all` may not be empty.
const Reliability& least_reliable(std::span<const Reliability> all);

}  // namespace agewise::evaluate
