#include "agewise/estimate/at_least.h"

#include <algorithm>
#include <cmath>

#include "agewise/age/distribution.h"

namespace agewise::estimate {
namespace {

double logit(double share) {
  double kept = std::clamp(share, kLeastShare, 1 - kLeastShare);
  return std::log(kept / (1 - kept));
}

double logistic(double value) { return 1 / (1 + std::exp(-value)); }

struct Point {
  double x, target, weight;
};

struct Line {
  double offset, slope;
  double operator()(double x) const { return offset + slope * x; }
};

// Platt's targets: by Bayes' rule with one more picture on each side, so that sides that are told apart without a
// mistake do not make an infinite slope.
std::vector<Point> points_of(std::span<const KnownSide> pictures, double older, double younger) {
  double high = (older + 1) / (older + 2), low = 1 / (younger + 2);
  std::vector<Point> points;
  for (const KnownSide& one : pictures)
    points.push_back({logit(one.share), one.older * high + (1 - one.older) * low, one.weight});
  return points;
}

double loss_of(std::span<const Point> points, Line line) {
  double loss = 0;
  for (const Point& point : points) {
    double value = line(point.x);
    double softplus = std::max(value, 0.0) + std::log1p(std::exp(-std::abs(value)));
    loss += point.weight * (softplus - point.target * value);
  }
  return loss;
}

// Newton's step of the mean cross-entropy.
Line step_of(std::span<const Point> points, Line line) {
  double g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
  for (const auto& [x, target, weight] : points) {
    double probability = logistic(line(x));
    double wrong = weight * (probability - target), bend = weight * probability * (1 - probability);
    g0 += wrong;
    g1 += wrong * x;
    h00 += bend;
    h01 += bend * x;
    h11 += bend * x * x;
  }
  constexpr double kSingular = 1e-9;  // of all the same x
  double determinant = h00 * h11 - h01 * h01;
  if (!(determinant > kSingular * h00 * h11)) return {0, 0};
  return {(h01 * g1 - h11 * g0) / determinant, (h01 * g0 - h00 * g1) / determinant};
}

struct Fit {
  Line line;
  double loss;
};

// After a step, halved until the loss falls, as it must where there is anything to gain: the loss is convex.
Fit improved(std::span<const Point> points, const Fit& fit) {
  constexpr int kMostHalvings = 33;  // to a ten-thousand-millionth
  Line step = step_of(points, fit.line);
  for (int i = 0; i < kMostHalvings; ++i) {
    double part = std::ldexp(1.0, -i);
    Line next{fit.line.offset + part * step.offset, fit.line.slope + part * step.slope};
    double loss = loss_of(points, next);
    if (loss < fit.loss) return {next, loss};
  }
  return fit;
}

// From Platt's start, which tells nobody from anybody.
Line fitted_line(std::span<const Point> points, double older, double younger) {
  constexpr int kMostSteps = 100;
  Line start{std::log((older + 1) / (younger + 1)), 0};
  Fit fit{start, loss_of(points, start)};
  for (int i = 0; i < kMostSteps; ++i) {
    Fit next = improved(points, fit);
    if (next.loss >= fit.loss) break;
    fit = next;
  }
  return fit.line;
}

Sigmoid between(const Sigmoid& before, const Sigmoid& after, int years) {
  double part = static_cast<double>(years - before.years) / (after.years - before.years);
  return {years, std::lerp(before.offset, after.offset, part), std::lerp(before.slope, after.slope, part)};
}

// Where the years from N on begin: at the edge of N's class, if that lies within a year before.
double begin_of(const age::Classes& classes, int years) {
  int c = age::class_of(classes, years);
  double edge = c > 0 ? classes.edges[static_cast<std::size_t>(c) - 1] : years;
  return edge > years - 1 ? edge : years;
}

double share_from(const age::Classes& classes, std::span<const float> distribution, int years) {
  return 1 - age::share_below(classes, distribution, begin_of(classes, years));
}

}  // namespace

std::vector<double> shares_from(const age::Classes& classes, std::span<const float> distribution) {
  std::vector<double> shares;
  for (int years : kThresholds) shares.push_back(share_from(classes, distribution, years));
  return shares;
}

std::vector<double> shares_within(const age::Classes& classes, std::span<const float> distribution,
                                  const age::Range& range) {
  age::WholeYears years = age::whole_years(range);
  double from_first = share_from(classes, distribution, years.first);
  double beyond = range.is_open() ? 0 : share_from(classes, distribution, years.last + 1);
  double within = from_first - beyond;
  bool is_older = age::quantile(classes, distribution, 0.5) > range.low;  // than the range, where too little is within
  int nearest = is_older ? years.last : years.first;
  std::vector<double> shares;
  for (int threshold : kThresholds) {
    if (threshold <= years.first || threshold > years.last) {
      shares.push_back(threshold <= years.first ? 1 : 0);
    } else if (within < age::kLeastWithin) {
      shares.push_back(nearest >= threshold ? 1 : 0);
    } else {
      shares.push_back(std::clamp((share_from(classes, distribution, threshold) - beyond) / within, 0.0, 1.0));
    }
  }
  return shares;
}

std::optional<Sigmoid> fit_sigmoid(int years, std::span<const KnownSide> pictures) {
  double older = 0, younger = 0;
  for (const KnownSide& one : pictures) {
    older += one.older;
    younger += 1 - one.older;
  }
  if (std::min(older, younger) < kFewestOnASide) return std::nullopt;
  Line line = fitted_line(points_of(pictures, older, younger), older, younger);
  if (!(line.slope > 0)) return std::nullopt;
  return Sigmoid{years, line.offset, line.slope};
}

double probability_at_least(const Sigmoid& sigmoid, double share) {
  return logistic(sigmoid.offset + sigmoid.slope * logit(share));
}

std::vector<double> probabilities_at_least(std::span<const Sigmoid> sigmoids, std::span<const double> shares) {
  std::vector<double> probabilities;
  double least = 1;
  for (std::size_t i = 0; i < sigmoids.size(); ++i)
    probabilities.push_back(least = std::min(least, probability_at_least(sigmoids[i], shares[i])));
  return probabilities;
}

double probability_at_least(std::span<const Sigmoid> sigmoids, const age::Classes& classes,
                            std::span<const float> distribution, int years) {
  std::vector<double> shares;
  for (const Sigmoid& sigmoid : sigmoids) shares.push_back(share_from(classes, distribution, sigmoid.years));
  std::vector<double> probabilities = probabilities_at_least(sigmoids, shares);
  auto next =
      static_cast<std::size_t>(std::ranges::lower_bound(sigmoids, years, {}, &Sigmoid::years) - sigmoids.begin());
  if (sigmoids[next].years == years) return probabilities[next];
  double probability = probabilities[next - 1];
  for (int fewer = sigmoids[next - 1].years + 1; fewer <= years; ++fewer) {
    Sigmoid sigmoid = between(sigmoids[next - 1], sigmoids[next], fewer);
    double its = probability_at_least(sigmoid, share_from(classes, distribution, fewer));
    probability = std::min(probability, std::max(its, probabilities[next]));
  }
  return probability;
}

}  // namespace agewise::estimate
