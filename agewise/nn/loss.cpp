#include "agewise/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace agewise {
namespace {

// Mean over the batch of what `one` computes for a row: one(softmax of the row, target, gradient of the row) returns
// the row's loss and writes the gradient towards the logits.
template <class One>
double mean_over_rows(int n, std::span<const float> outputs, std::span<const Target> targets, std::span<float> gradient,
                      One one) {
  std::vector<float> softmax(outputs.begin(), outputs.end());
  softmax_rows(softmax, n);
  double sum = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    sum += one(std::span<const float>(softmax).subspan(row * n, n), targets[row], gradient.subspan(row * n, n));
  }
  for (float& value : gradient) value /= static_cast<float>(targets.size());
  return sum / static_cast<double>(targets.size());
}

double log_of(float probability) { return std::log(std::max(probability, 1e-30F)); }

double cross_entropy(const Classes& classes, std::span<const float> softmax, const Target& target,
                     std::span<float> gradient) {
  std::size_t truth = static_cast<std::size_t>(class_of(classes, target.age));
  std::copy(softmax.begin(), softmax.end(), gradient.begin());
  gradient[truth] -= 1;
  return -log_of(softmax[truth]);
}

double label_distribution(const Classes& classes, std::span<const float> softmax, const Target& target,
                          std::span<float> gradient) {
  std::vector<float> truth(softmax.size());
  gaussian_target(classes, target.age, target.sigma, truth);
  double divergence = 0;
  for (std::size_t c = 0; c < truth.size(); ++c) {
    if (truth[c] > 0) divergence += truth[c] * (std::log(truth[c]) - log_of(softmax[c]));
    gradient[c] = softmax[c] - truth[c];
  }
  return divergence;
}

double expected_value_l1(const Classes& classes, std::span<const float> softmax, const Target& target,
                         std::span<float> gradient) {
  double expected = expected_value(classes, softmax), off = expected - target.age;
  double sign = off > 0 ? 1 : off < 0 ? -1 : 0;
  for (std::size_t c = 0; c < softmax.size(); ++c)
    gradient[c] = static_cast<float>(sign * softmax[c] * (classes.values[c] - expected));
  return std::abs(off);
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
  auto over_classes = [&](auto one) {
    return mean_over_rows(classes.count(), outputs, targets, gradient,
                          [&](auto softmax, const Target& target, auto row_gradient) {
                            return one(classes, softmax, target, row_gradient);
                          });
  };
  switch (loss) {
    case Loss::cross_entropy:
      return over_classes(cross_entropy);
    case Loss::label_distribution:
      return over_classes(label_distribution);
    case Loss::expected_value_l1:
      return over_classes(expected_value_l1);
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
