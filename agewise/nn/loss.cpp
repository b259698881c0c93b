#include "agewise/nn/loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "agewise/age/distribution.h"

namespace agewise::nn {
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
using RowLoss = double (*)(const recipe::TrainRecipe& recipe, const age::Classes& classes, const Distribution& found,
                           const Target& target, std::span<float> gradient);

double range_likelihood(age::ClassSpan inside, const Distribution& found, std::span<float> gradient) {
  std::span<const double> log(found.log);
  log = log.subspan(inside.first, inside.last - inside.first + 1);
  double largest = *std::ranges::max_element(log), sum = 0;
  for (double value : log) sum += std::exp(value - largest);
  double log_inside = largest + std::log(sum);
  for (std::size_t c = 0; c < gradient.size(); ++c) {
    double share = inside.contains(c) ? std::exp(found.log[c] - log_inside) : 0;
    gradient[c] = static_cast<float>(found.probability[c] - share);
  }
  return -log_inside;
}

// Kullback–Leibler divergence of what was found from `truth`.
double divergence_from(std::span<const float> truth, const Distribution& found, std::span<float> gradient) {
  double divergence = 0;
  for (std::size_t c = 0; c < gradient.size(); ++c) {
    if (truth[c] > 0) divergence += truth[c] * (std::log(truth[c]) - found.log[c]);
    gradient[c] = static_cast<float>(found.probability[c] - truth[c]);
  }
  return divergence;
}

// The likelihood of a range, joined by what a teacher says inside it.
double range_with_teacher(double teachers_share, age::ClassSpan inside, const Distribution& found,
                          std::span<const float> soft, std::span<float> gradient) {
  double loss = range_likelihood(inside, found, gradient);
  std::vector<float> cut(soft.begin(), soft.end());
  for (std::size_t c = 0; c < cut.size(); ++c) cut[c] = inside.contains(c) ? cut[c] : 0;
  auto mass = std::accumulate(cut.begin(), cut.end(), 0.0F);
  if (!(mass >= age::kLeastWithin)) return loss;  // NaN or nothing: no teacher
  for (float& probability : cut) probability /= mass;
  std::vector<float> by_teacher(gradient.size());
  double divergence = divergence_from(cut, found, by_teacher);
  auto share = static_cast<float>(teachers_share);
  for (std::size_t c = 0; c < gradient.size(); ++c) gradient[c] = (1 - share) * gradient[c] + share * by_teacher[c];
  return (1 - teachers_share) * loss + teachers_share * divergence;
}

double cross_entropy(const recipe::TrainRecipe&, const age::Classes& classes, const Distribution& found,
                     const Target& target, std::span<float> gradient) {
  if (target.range) return range_likelihood(age::touched_by(*target.range, classes), found, gradient);
  auto truth = static_cast<std::size_t>(age::class_of(classes, target.age));
  for (std::size_t c = 0; c < gradient.size(); ++c)
    gradient[c] = static_cast<float>(found.probability[c] - (c == truth ? 1 : 0));
  return -found.log[truth];
}

double label_distribution(const recipe::TrainRecipe& recipe, const age::Classes& classes, const Distribution& found,
                          const Target& target, std::span<float> gradient) {
  if (target.range)
    return range_with_teacher(recipe.distillation_weight, age::touched_by(*target.range, classes), found, target.soft,
                              gradient);
  std::vector<float> truth(gradient.size());
  age::gaussian_target(classes, target.age, target.sigma, truth);
  auto share = static_cast<float>(recipe.distillation_weight);
  for (std::size_t c = 0; c < target.soft.size(); ++c) truth[c] = (1 - share) * truth[c] + share * target.soft[c];
  return divergence_from(truth, found, gradient);
}

double expected_value_l1(const recipe::TrainRecipe&, const age::Classes& classes, const Distribution& found,
                         const Target& target, std::span<float> gradient) {
  double expected = std::inner_product(found.probability.begin(), found.probability.end(), classes.values.begin(), 0.0);
  double off = years_off(expected, target);
  double sign = off > 0 ? 1 : off < 0 ? -1 : 0;
  for (std::size_t c = 0; c < gradient.size(); ++c)
    gradient[c] = static_cast<float>(sign * found.probability[c] * (classes.values[c] - expected));
  return std::abs(off);
}

double mean_variance(const recipe::TrainRecipe& recipe, const age::Classes& classes, const Distribution& found,
                     const Target& target, std::span<float> gradient) {
  double mean = std::inner_product(found.probability.begin(), found.probability.end(), classes.values.begin(), 0.0);
  double variance = 0;
  for (std::size_t c = 0; c < gradient.size(); ++c)
    variance += found.probability[c] * (classes.values[c] - mean) * (classes.values[c] - mean);
  double loss = cross_entropy(recipe, classes, found, target, gradient), mean_off = years_off(mean, target);
  for (std::size_t c = 0; c < gradient.size(); ++c) {
    double off = classes.values[c] - mean;
    gradient[c] += static_cast<float>(
        found.probability[c] * (recipe.mean_weight * mean_off * off + recipe.variance_weight * (off * off - variance)));
  }
  return loss + recipe.mean_weight * 0.5 * mean_off * mean_off + recipe.variance_weight * variance;
}

double regression(std::span<const float> outputs, const Target& target, std::span<float> gradient) {
  double off = target.range ? age::distance(outputs[0] * kRegressionUnit, *target.range) / kRegressionUnit
                            : outputs[0] - target.age / kRegressionUnit;
  gradient[0] = static_cast<float>(2 * off);
  return off * off;
}

// Of the logit of being a man: its cross-entropy; `gradient` by it.
double gender_loss(double logit, double male, float& gradient) {
  gradient = 0;
  if (std::isnan(male)) return 0;
  double probability = 1 / (1 + std::exp(-logit));
  gradient = static_cast<float>(probability - male);
  return std::max(logit, 0.0) - logit * male + std::log1p(std::exp(-std::abs(logit)));
}

RowLoss row_loss(recipe::Loss loss) {
  switch (loss) {
    case recipe::Loss::label_distribution:
      return label_distribution;
    case recipe::Loss::expected_value_l1:
      return expected_value_l1;
    case recipe::Loss::mean_variance:
      return mean_variance;
    default:
      return cross_entropy;
  }
}

}  // namespace

double loss_and_gradient(const recipe::TrainRecipe& recipe, const age::Classes& classes, std::span<const float> outputs,
                         std::span<const Target> targets, std::span<float> gradient) {
  auto n = static_cast<std::size_t>(outputs_for(recipe, classes));
  auto of_age = static_cast<std::size_t>(age_outputs(recipe.loss, classes));
  RowLoss loss_of_row = row_loss(recipe.loss);
  double sum = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    std::span<const float> found = outputs.subspan(row * n, of_age);
    std::span<float> own = gradient.subspan(row * n, n), own_age = own.first(of_age);
    double loss = recipe.loss == recipe::Loss::regression
                      ? regression(found, targets[row], own_age)
                      : loss_of_row(recipe, classes, Distribution(found), targets[row], own_age);
    if (n > of_age) {
      loss += recipe.gender_weight * gender_loss(outputs[row * n + of_age], targets[row].male, own.back());
      own.back() *= static_cast<float>(recipe.gender_weight);
    }
    sum += targets[row].weight * loss;
    for (float& value : own) value *= static_cast<float>(targets[row].weight / static_cast<double>(targets.size()));
  }
  return sum / static_cast<double>(targets.size());
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

}  // namespace agewise::nn
