#include "agewise/estimate/estimator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "agewise/face/spec.h"
#include "agewise/image/warp.h"
#include "agewise/nn/loss.h"

namespace agewise::estimate {
namespace {

bool ends_in_softmax(const nn::Graph& graph) {
  return std::holds_alternative<nn::layer::Softmax>(graph.layers[graph.outputs.front()].kind);
}

// All of the distribution in the class of the age.
Estimate of_age(const age::Classes& classes, double age) {
  Estimate estimate{age, age::class_of(classes, age), std::vector<float>(classes.count(), 0)};
  estimate.distribution[estimate.most_likely_class] = 1;
  return estimate;
}

double age_of(recipe::PointEstimate rule, const age::Classes& classes, std::span<const float> distribution) {
  switch (rule) {
    case recipe::PointEstimate::expected_value:
      return age::expected_value(classes, distribution);
    case recipe::PointEstimate::median:
      return age::median(classes, distribution);
    case recipe::PointEstimate::argmax:
      return classes.values[age::argmax(distribution)];
  }
  throw std::logic_error("a point estimate that does not exist");
}

Estimate age_estimate(const Model& model, std::span<const float> outputs) {
  if (model.recipe.train.loss == recipe::Loss::regression)
    return of_age(model.classes, double{outputs.front()} * nn::kRegressionUnit);
  std::span<const float> ages = outputs.first(static_cast<std::size_t>(model.classes.count()));
  std::vector<float> distribution(ages.begin(), ages.end());
  if (!ends_in_softmax(model.graph)) nn::softmax_rows(distribution, model.classes.count());
  double age = age_of(model.recipe.predict.point_estimate, model.classes, distribution);
  int likely = age::argmax(distribution);
  return {age, likely, std::move(distribution)};
}

// Of planes of numbers, `width` a row: left and right exchanged.
void mirror_rows(std::span<float> numbers, std::size_t width) {
  for (std::size_t at = 0; at < numbers.size(); at += width) std::reverse(&numbers[at], &numbers[at] + width);
}

}  // namespace

void to_network_input(const recipe::Recipe& recipe, const image::Image& face, std::span<float> input) {
  face::View view = face::view_of(recipe);
  int size = view.input;
  int channels = recipe.face.colour == recipe::Colour::grey ? 1 : 3;
  bool sized = face.width == face.height && (face.width == recipe.face.size || face.width == size);
  if (face.channels != channels || !sized || input.size() != static_cast<std::size_t>(channels) * size * size) {
    throw std::invalid_argument("a face that is not prepared as the recipe says");
  }
  if (face.width == size) view = {0, size, size};
  auto [edge, side, _] = view;
  if (side != size) {
    image::Placement middle;
    middle.centre_x = middle.centre_y = edge + side / 2.0;
    middle.scale = static_cast<double>(size) / side;
    return to_network_input(recipe, image::warp(face, image::map_of(middle, size, size), size, size), input);
  }
  bool whitened = recipe.whiten.method != recipe::Whitening::none;
  auto scale = static_cast<float>(whitened ? 1 : recipe.network.scale);
  float* place = input.data();
  for (int c = 0; c < channels; ++c) {
    int stored = recipe.network.bgr ? channels - 1 - c : c;
    auto mean = static_cast<float>(whitened || recipe.network.mean.empty() ? 0 : recipe.network.mean[c]);
    for (int y = 0; y < size; ++y) {
      const std::uint8_t* pixel = face.row(edge + y) + edge * channels + stored;
      for (int x = 0; x < size; ++x) *place++ = (static_cast<float>(pixel[x * channels]) - mean) * scale;
    }
  }
}

std::vector<std::uint8_t> network_pixels(const recipe::Recipe& recipe, const image::Image& face) {
  recipe::Recipe bare = recipe;
  bare.network.mean.clear();
  bare.network.scale = 1;
  auto side = static_cast<std::size_t>(recipe::input_side(recipe));
  std::vector<float> values(side * side * static_cast<std::size_t>(face.channels));
  to_network_input(bare, face, values);
  return {values.begin(), values.end()};
}

Estimate estimate_of(const Model& model, std::span<const float> outputs) {
  if (!std::all_of(outputs.begin(), outputs.end(), [](float value) { return std::isfinite(value); })) {
    return {std::numeric_limits<double>::quiet_NaN(), 0, std::vector<float>(model.classes.count(), 0)};
  }
  Estimate estimate = age_estimate(model, outputs);
  if (model.recipe.train.gender_weight > 0) estimate.male = 1 / (1 + std::exp(-double{outputs.back()}));
  return estimate;
}

std::string reason_of(const Estimate& estimate) {
  if (!std::isfinite(estimate.age)) return "the network's output is not a number";
  if (!estimate.cannot_tell) return "";
  return fmt::format("cannot tell: {:.0f} to {:.0f} years", estimate.interval->low, estimate.interval->high);
}

double spread_of(const Estimate& estimate) {
  auto n = static_cast<double>(estimate.members.size());
  if (n < 2) return 0;
  double mean = std::accumulate(estimate.members.begin(), estimate.members.end(), 0.0) / n, squares = 0;
  for (double age : estimate.members) squares += (age - mean) * (age - mean);
  return std::sqrt(squares / (n - 1));
}

double scale_of(const Model& model, const Estimate& estimate) {
  if (model.recipe.train.loss == recipe::Loss::regression) return 1;
  return scale_of(model.classes, estimate.distribution);
}

Estimate mean_of(const Model& model, std::span<const Estimate> estimates) {
  auto n = static_cast<double>(estimates.size());
  Estimate mean{0, 0, std::vector<float>(model.classes.count(), 0)};
  for (const Estimate& estimate : estimates) {
    mean.age += estimate.age / n;
    if (estimate.male) mean.male = mean.male.value_or(0) + *estimate.male / n;
    for (std::size_t c = 0; c < mean.distribution.size(); ++c)
      mean.distribution[c] += estimate.distribution[c] / static_cast<float>(n);
  }
  if (model.recipe.train.loss == recipe::Loss::regression) {
    Estimate estimate = of_age(model.classes, mean.age);
    estimate.male = mean.male;
    return estimate;
  }
  mean.most_likely_class = age::argmax(mean.distribution);
  if (std::isfinite(mean.age)) mean.age = age_of(model.recipe.predict.point_estimate, model.classes, mean.distribution);
  return mean;
}

std::vector<Estimate> estimates_of_ensemble(const Model& model, const std::vector<std::vector<Estimate>>& by_member) {
  std::vector<Estimate> estimates;
  for (std::size_t picture = 0; picture < by_member.front().size(); ++picture) {
    std::vector<Estimate> members;
    for (const std::vector<Estimate>& its : by_member) members.push_back(its[picture]);
    estimates.push_back(mean_of(model, members));
    for (const Estimate& member : members) estimates.back().members.push_back(member.age);
  }
  return estimates;
}

Estimator::Estimator(Model model, nn::Engine& engine, int batch, std::size_t most_held)
    : model_(std::move(model)), batch_(static_cast<std::size_t>(batch)) {
  std::vector<float> first = std::exchange(model_.parameters, {});
  networks_.push_back(engine.compile(model_.graph, batch, nn::Mode::infer));
  if (!model_.further_members.empty() && member_count(model_) * first.size() > most_held) {
    turns_.push_back(member_in_memory(model_.graph, std::move(first)));
    for (Member& other : model_.further_members) turns_.push_back(std::exchange(other, nullptr));
    return;
  }
  networks_[0]->take_parameters(first);
  first = {};
  for (Member& other : model_.further_members) {
    networks_.push_back(engine.compile(model_.graph, batch, nn::Mode::infer));
    std::vector<float> parameters = parameters_of_member(model_.graph, std::exchange(other, nullptr));
    networks_.back()->take_parameters(parameters);
  }
}

nn::Executable& Estimator::network_of(std::size_t member) {
  if (turns_.empty()) return *networks_[member];
  std::vector<float> parameters = parameters_of_member(model_.graph, turns_[member]);
  networks_[0]->take_parameters(parameters);
  return *networks_[0];
}

std::vector<Estimate> Estimator::outputs_of(nn::Executable& network, std::size_t faces) {
  network.forward();
  std::size_t outputs = network.output().size() / batch_;
  std::vector<Estimate> estimates;
  for (std::size_t i = 0; i < faces; ++i) {
    estimates.push_back(estimate_of(model_, network.output().subspan(i * outputs, outputs)));
  }
  return estimates;
}

// Rows of the batch beyond the faces keep what they had: no row depends on another.
std::vector<Estimate> Estimator::member_estimates(nn::Executable& network, std::span<const float> inputs) {
  std::size_t faces = inputs.size() / (network.input().size() / batch_);
  std::span<float> place = network.input().first(inputs.size());
  std::copy(inputs.begin(), inputs.end(), place.begin());
  if (model_.whitening) whiten::apply_zca(*model_.whitening, place);
  std::vector<Estimate> seen = outputs_of(network, faces);
  if (!model_.recipe.predict.flip) return seen;
  mirror_rows(place, static_cast<std::size_t>(recipe::input_side(model_.recipe)));
  std::vector<Estimate> mirrored = outputs_of(network, faces);
  for (std::size_t i = 0; i < faces; ++i) seen[i] = mean_of(model_, std::array{seen[i], mirrored[i]});
  return seen;
}

std::vector<Estimate> Estimator::ensemble_estimates(std::span<const float> inputs) {
  std::vector<std::vector<Estimate>> by_member;
  for (std::size_t member = 0; member < member_count(model_); ++member)
    by_member.push_back(member_estimates(network_of(member), inputs));
  return estimates_of_ensemble(model_, by_member);
}

void Estimator::estimate_batch(std::span<const float> inputs, std::vector<Estimate>& estimates) {
  std::vector<Estimate> seen =
      model_.further_members.empty() ? member_estimates(network_of(0), inputs) : ensemble_estimates(inputs);
  if (model_.intervals) {
    for (Estimate& estimate : seen) {
      if (!std::isfinite(estimate.age)) continue;
      estimate.interval = interval_of(*model_.intervals, estimate.age, scale_of(model_, estimate));
      estimate.cannot_tell = is_too_wide(*estimate.interval, model_.recipe.predict.widest_interval);
    }
  }
  estimates.insert(estimates.end(), seen.begin(), seen.end());
}

std::vector<Estimate> Estimator::estimate_inputs(std::span<const float> inputs) {
  std::vector<Estimate> estimates;
  while (!inputs.empty()) {
    std::span<const float> now = inputs.first(std::min(networks_[0]->input().size(), inputs.size()));
    inputs = inputs.subspan(now.size());
    estimate_batch(now, estimates);
  }
  return estimates;
}

std::vector<Estimate> Estimator::estimate(std::span<const image::Image> faces) {
  std::size_t size = networks_[0]->input().size() / batch_;
  std::vector<float> inputs(std::min(batch_, faces.size()) * size);
  std::vector<Estimate> estimates;
  while (!faces.empty()) {
    std::span<const image::Image> now = faces.first(std::min(batch_, faces.size()));
    faces = faces.subspan(now.size());
    for (std::size_t i = 0; i < now.size(); ++i)
      to_network_input(model_.recipe, now[i], std::span(inputs).subspan(i * size, size));
    estimate_batch(std::span(inputs).first(now.size() * size), estimates);
  }
  return estimates;
}

}  // namespace agewise::estimate
