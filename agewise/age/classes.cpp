#include "agewise/age/classes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "agewise/age/distribution.h"

namespace agewise::age {
namespace {

double normal_below(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

std::vector<std::string> names_between(const std::vector<double>& edges) {
  std::vector<std::string> names{fmt::format("under {}", edges.front())};
  for (std::size_t i = 1; i < edges.size(); ++i) names.push_back(fmt::format("{}–{}", edges[i - 1], edges[i] - 1));
  names.push_back(fmt::format("{} and over", edges.back()));
  return names;
}

std::vector<double> values_between(const std::vector<double>& edges) {
  std::vector<double> values{edges.front() / 2};
  for (std::size_t i = 1; i < edges.size(); ++i) values.push_back((edges[i - 1] + edges[i]) / 2);
  values.push_back(edges.back() + 10);
  return values;
}

}  // namespace

Classes yearly_classes(int years) {
  if (years < 2) throw std::invalid_argument("one class a year needs 2 years or more");
  Classes classes;
  for (int year = 0; year < years; ++year) {
    if (year > 0) classes.edges.push_back(year - 0.5);
    classes.names.push_back(std::to_string(year));
    classes.values.push_back(year);
  }
  return classes;
}

Classes classes_between(std::vector<double> edges, std::vector<std::string> names) {
  if (edges.empty()) throw std::invalid_argument("classes need at least one edge");
  if (!std::all_of(edges.begin(), edges.end(), [](double edge) { return std::isfinite(edge); })) {
    throw std::invalid_argument("class edges must be finite");
  }
  if (std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) != edges.end()) {
    throw std::invalid_argument("class edges must ascend");
  }
  if (names.empty()) names = names_between(edges);
  if (names.size() != edges.size() + 1) {
    throw std::invalid_argument(
        fmt::format("{} edges make {} classes, but {} names are given", edges.size(), edges.size() + 1, names.size()));
  }
  std::vector<double> values = values_between(edges);
  return {std::move(edges), std::move(names), std::move(values)};
}

int class_of(const Classes& classes, double age) {
  return static_cast<int>(std::upper_bound(classes.edges.begin(), classes.edges.end(), age) - classes.edges.begin());
}

void gaussian_target(const Classes& classes, double age, double sigma, std::span<float> target) {
  double below = 0;
  for (int c = 0; c < classes.count(); ++c) {
    double up_to = c + 1 < classes.count() ? normal_below((classes.edges[c] - age) / sigma) : 1;
    target[c] = static_cast<float>(up_to - below);
    below = up_to;
  }
}

double expected_value(const Classes& classes, std::span<const float> distribution) {
  return std::inner_product(distribution.begin(), distribution.end(), classes.values.begin(), 0.0);
}

double median(const Classes& classes, std::span<const float> distribution) {
  return quantile(classes, distribution, 0.5);
}

int argmax(std::span<const float> distribution) {
  return static_cast<int>(std::max_element(distribution.begin(), distribution.end()) - distribution.begin());
}

}  // namespace agewise::age
