// What an age is to a network: classes and their edges.
#pragma once
#include <span>
#include <string>
#include <vector>

namespace agewise::age {

// Ascending edges in years; class c holds edges[c-1] ≤ age < edges[c], the first and last are open.
struct Classes {
  std::vector<double> edges;
  std::vector<std::string> names;  // one a class
  std::vector<double> values;      // years that stand for a class in an expected value: DEX's are 0 … 100
  int count() const { return static_cast<int>(edges.size()) + 1; }
};

// One class a year: values 0 … years-1, as in DEX with 101; class i holds i - ½ ≤ age < i + ½.
Classes yearly_classes(int years);

// `edges` ascending, at least one; names made of them ("under 30", "30–44", "60 and over") where none are given. The
// value of an inner class is its middle, of the first (edge 0)/2 and of the last its edge + 10; train replaces them by
// the mean age of the training pictures of the class. Throws std::invalid_argument.
Classes classes_between(std::vector<double> edges, std::vector<std::string> names = {});

int class_of(const Classes& classes, double age);

// Gaussian around `age` with deviation `sigma` > 0 (years), integrated over each class; sums to 1. `target` has
// classes.count() places. (Label distribution: Gao et al., "Deep label distribution learning", TIP 2017.)
void gaussian_target(const Classes& classes, double age, double sigma, std::span<float> target);

// Of a distribution over the classes, in years.
double expected_value(const Classes& classes, std::span<const float> distribution);
// Linear within the class that holds the middle of the distribution; an open class is taken as one year wide.
double median(const Classes& classes, std::span<const float> distribution);
int argmax(std::span<const float> distribution);

}  // namespace agewise::age
