#include "agewise/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace agewise {
namespace {

// One row's outputs as a distribution over the classes, and its logarithm, which stays finite where float
// probabilities are 0.
struct Distribution {
  std::vector<double> log, probability;

  explicit Distribution(std::span<const float> logits) : log(logits.begin(), logits.end()) {
    double largest = *std::max_element(log.begin(), log.end()), sum = 0;
    for (double value : log) sum += std::exp(value - largest);
    for (double& value : log) value -= largest + std::log(sum);
    for (double value : log) probability.push_back(std::exp(value));
  }
};

// A row's loss, and its gradient towards the logits.
using RowLoss = double (*)(const Classes& classes, const Distribution& found, const Target& target,
                           std::span<float> gradient);

double cross_entropy(const Classes& classes, const Distribution& found, const Target& target,
                     std::span<float> gradient) {
  auto truth = static_cast<std::size_t>(class_of(classes, target.age));
  for (std::size_t c = 0; c < gradient.size(); ++c)
    gradient[c] = static_cast<float>(found.probability[c] - (c == truth ? 1 : 0));
  return -found.log[truth];
}

double label_distribution(const Classes& classes, const Distribution& found, const Target& target,
                          std::span<float> gradient) {
  std::vector<float> truth(gradient.size());
  gaussian_target(classes, target.age, target.sigma, truth);
  double divergence = 0;
  for (std::size_t c = 0; c < gradient.size(); ++c) {
    if (truth[c] > 0) divergence += truth[c] * (std::log(truth[c]) - found.log[c]);
    gradient[c] = static_cast<float>(found.probability[c] - truth[c]);
  }
  return divergence;
}

double expected_value_l1(const Classes& classes, const Distribution& found, const Target& target,
                         std::span<float> gradient) {
  double expected = std::inner_product(found.probability.begin(), found.probability.end(), classes.values.begin(), 0.0);
  double off = expected - target.age;
  double sign = off > 0 ? 1 : off < 0 ? -1 : 0;
  for (std::size_t c = 0; c < gradient.size(); ++c)
    gradient[c] = static_cast<float>(sign * found.probability[c] * (classes.values[c] - expected));
  return std::abs(off);
}

double mean_over_rows(RowLoss loss, const Classes& classes, std::span<const float> outputs,
                      std::span<const Target> targets, std::span<float> gradient) {
  auto n = static_cast<std::size_t>(classes.count());
  double sum = 0;
  for (std::size_t row = 0; row < targets.size(); ++row)
    sum += loss(classes, Distribution(outputs.subspan(row * n, n)), targets[row], gradient.subspan(row * n, n));
  for (float& value : gradient) value /= static_cast<float>(targets.size());
  return sum / static_cast<double>(targets.size());
}

double regression(std::span<const float> outputs, std::span<const Target> targets, std::span<float> gradient) {
  double sum = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    double off = outputs[row] - targets[row].age / kRegressionUnit;
    sum += off * off;
    gradient[row] = static_cast<float>(2 * off / static_cast<double>(targets.size()));
  }
  return sum / static_cast<double>(targets.size());
}

}  // namespace

double loss_and_gradient(Loss loss, const Classes& classes, std::span<const float> outputs,
                         std::span<const Target> targets, std::span<float> gradient) {
  switch (loss) {
    case Loss::cross_entropy:
      return mean_over_rows(cross_entropy, classes, outputs, targets, gradient);
    case Loss::label_distribution:
      return mean_over_rows(label_distribution, classes, outputs, targets, gradient);
    case Loss::expected_value_l1:
      return mean_over_rows(expected_value_l1, classes, outputs, targets, gradient);
    case Loss::regression:
      break;
  }
  return regression(outputs, targets, gradient);
}

void softmax_rows(std::span<float> logits, int n) {
  for (std::size_t begin = 0; begin < logits.size(); begin += n) {
    std::span<float> row = logits.subspan(begin, n);
    float largest = *std::max_element(row.begin(), row.end());
    float sum = 0;
    for (float& value : row) sum += value = std::exp(value - largest);
    for (float& value : row) value /= sum;
  }
}

}  // namespace agewise
