#include "agewise/estimate/at_least.h"

#include <algorithm>
#include <cmath>

#include "agewise/age/distribution.h"

namespace agewise::estimate {
namespace {

constexpr double kLeastShare = 1e-4;  // a share is taken for no surer than this, or 1 less this

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
  double determinant = h00 * h11 - h01 * h01;
  if (!(determinant > 0)) return {0, 0};
  return {(h01 * g1 - h11 * g0) / determinant, (h01 * g0 - h00 * g1) / determinant};
}

// The loss is convex: steps are halved until it falls, and end where it falls no more.
Line fitted_line(std::span<const Point> points) {
  constexpr int kMostSteps = 100;
  constexpr double kSmall = 1e-10;
  Line line{0, 1};
  double loss = loss_of(points, line);
  for (int i = 0; i < kMostSteps; ++i) {
    Line step = step_of(points, line);
    double size = 1;
    Line next = line;
    double next_loss = loss;
    for (; size > kSmall; size /= 2) {
      next = {line.offset + size * step.offset, line.slope + size * step.slope};
      next_loss = loss_of(points, next);
      if (next_loss < loss) break;
    }
    if (size <= kSmall) return line;
    line = next;
    loss = next_loss;
  }
  return line;
}

// Offset and slope of `years`, between those of the sigmoids before and after.
Line line_at(std::span<const Sigmoid> sigmoids, int years) {
  auto after = std::ranges::lower_bound(sigmoids, years, {}, &Sigmoid::age);
  if (after->age == years) return {after->offset, after->slope};
  auto before = after - 1;
  double part = static_cast<double>(years - before->age) / (after->age - before->age);
  return {std::lerp(before->offset, after->offset, part), std::lerp(before->slope, after->slope, part)};
}

double share_from(const age::Classes& classes, std::span<const float> distribution, int years) {
  return 1 - age::share_below(classes, distribution, years);
}

}  // namespace

std::vector<double> shares_from(const age::Classes& classes, std::span<const float> distribution) {
  std::vector<double> shares;
  for (int years : kThresholds) shares.push_back(share_from(classes, distribution, years));
  return shares;
}

std::optional<Sigmoid> fit_sigmoid(int age, std::span<const KnownSide> pictures) {
  double older = 0, younger = 0;
  for (const KnownSide& one : pictures) {
    older += one.older;
    younger += 1 - one.older;
  }
  if (std::min(older, younger) < kFewestOnASide) return std::nullopt;
  Line line = fitted_line(points_of(pictures, older, younger));
  if (!(line.slope > 0)) return std::nullopt;
  return Sigmoid{age, line.offset, line.slope};
}

double probability_at_least(const Sigmoid& sigmoid, double share) {
  return logistic(sigmoid.offset + sigmoid.slope * logit(share));
}

double probability_at_least(std::span<const Sigmoid> sigmoids, const age::Classes& classes,
                            std::span<const float> distribution, int years) {
  double least = 1;
  for (int fewer = sigmoids.front().age; fewer <= years; ++fewer) {
    Line line = line_at(sigmoids, fewer);
    least = std::min(least,
                     probability_at_least({fewer, line.offset, line.slope}, share_from(classes, distribution, fewer)));
  }
  return least;
}

}  // namespace agewise::estimate
