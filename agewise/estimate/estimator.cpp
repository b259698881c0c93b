#include "agewise/estimate/estimator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "agewise/image/resize.h"
#include "agewise/nn/loss.h"

namespace agewise {
namespace {

bool ends_in_softmax(const Graph& graph) {
  return std::holds_alternative<layer::Softmax>(graph.layers[graph.outputs.front()].kind);
}

// All of the distribution in the class of the age.
Estimate of_age(const Classes& classes, double age) {
  Estimate estimate{age, class_of(classes, age), std::vector<float>(classes.count(), 0)};
  estimate.distribution[estimate.most_likely_class] = 1;
  return estimate;
}

// Of planes of numbers, `width` a row: left and right exchanged.
void mirror_rows(std::span<float> numbers, std::size_t width) {
  for (std::size_t at = 0; at < numbers.size(); at += width) std::reverse(&numbers[at], &numbers[at] + width);
}

double age_of(Prediction rule, const Classes& classes, std::span<const float> distribution) {
  switch (rule) {
    case Prediction::expected_value:
      return expected_value(classes, distribution);
    case Prediction::median:
      return median(classes, distribution);
    case Prediction::argmax:
      return classes.values[argmax(distribution)];
  }
  throw std::logic_error("a prediction rule that does not exist");
}

}  // namespace

Image prepared_face(const FaceRecipe& recipe, const Image& picture) {
  return resize(recipe.colour == Colour::grey ? to_grey(picture) : to_rgb(picture), recipe.size, recipe.size);
}

void to_network_input(const Recipe& recipe, const Image& face, std::span<float> input) {
  int size = input_side(recipe);
  int channels = recipe.face.colour == Colour::grey ? 1 : 3;
  bool sized = face.width == face.height && (face.width == recipe.face.size || face.width == size);
  if (face.channels != channels || !sized || input.size() != static_cast<std::size_t>(channels) * size * size) {
    throw std::invalid_argument("a face that is not prepared as the recipe says");
  }
  bool whitened = recipe.whiten.method != Whitening::none;
  auto scale = static_cast<float>(whitened ? 1 : recipe.network.scale);
  int edge = (face.width - size) / 2;
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

Estimate estimate_of(const Model& model, std::span<const float> outputs) {
  if (!std::all_of(outputs.begin(), outputs.end(), [](float value) { return std::isfinite(value); })) {
    return {std::numeric_limits<double>::quiet_NaN(), 0, std::vector<float>(model.classes.count(), 0)};
  }
  if (model.recipe.train.loss == Loss::regression)
    return of_age(model.classes, double{outputs.front()} * kRegressionUnit);
  std::vector<float> distribution(outputs.begin(), outputs.end());
  if (!ends_in_softmax(model.graph)) softmax_rows(distribution, model.classes.count());
  double age = age_of(model.recipe.train.prediction, model.classes, distribution);
  int likely = argmax(distribution);
  return {age, likely, std::move(distribution)};
}

double spread_of(const Estimate& estimate) {
  double squares = 0;
  for (double age : estimate.members) squares += (age - estimate.age) * (age - estimate.age);
  return estimate.members.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(estimate.members.size() - 1));
}

Estimate mean_of(const Model& model, std::span<const Estimate> estimates) {
  auto n = static_cast<double>(estimates.size());
  Estimate mean{0, 0, std::vector<float>(model.classes.count(), 0)};
  for (const Estimate& estimate : estimates) {
    mean.age += estimate.age / n;
    for (std::size_t c = 0; c < mean.distribution.size(); ++c)
      mean.distribution[c] += estimate.distribution[c] / static_cast<float>(n);
  }
  if (model.recipe.train.loss == Loss::regression) return of_age(model.classes, mean.age);
  mean.most_likely_class = argmax(mean.distribution);
  return mean;
}

Estimator::Estimator(Model model, Engine& engine, int batch)
    : model_(std::move(model)),
      batch_(static_cast<std::size_t>(batch)),
      network_(engine.compile(model_.graph, batch, Mode::infer)) {
  if (model_.others.empty()) {
    network_->take_parameters(std::exchange(model_.parameters, {}));
  } else {
    network_->set_parameters(model_.parameters);
  }
}

std::vector<Estimate> Estimator::outputs_of(std::size_t faces) {
  network_->forward();
  std::size_t outputs = network_->output().size() / batch_;
  std::vector<Estimate> estimates;
  for (std::size_t i = 0; i < faces; ++i) {
    estimates.push_back(estimate_of(model_, network_->output().subspan(i * outputs, outputs)));
  }
  return estimates;
}

// Of one member, the one whose parameters the network has. Rows of the batch beyond the faces keep what they had: no
// row depends on another.
std::vector<Estimate> Estimator::member_estimates(std::span<const float> inputs) {
  std::size_t faces = inputs.size() / (network_->input().size() / batch_);
  std::span<float> place = network_->input().first(inputs.size());
  std::copy(inputs.begin(), inputs.end(), place.begin());
  if (model_.whitening) apply_zca(*model_.whitening, place);
  std::vector<Estimate> seen = outputs_of(faces);
  if (!model_.recipe.train.mirror_test) return seen;
  mirror_rows(place, static_cast<std::size_t>(input_side(model_.recipe)));
  std::vector<Estimate> mirrored = outputs_of(faces);
  for (std::size_t i = 0; i < faces; ++i) seen[i] = mean_of(model_, std::array{seen[i], mirrored[i]});
  return seen;
}

// One network in memory: the members' parameters take turns in it.
std::vector<Estimate> Estimator::ensemble_estimates(std::span<const float> inputs) {
  std::vector<std::vector<Estimate>> of_face;
  std::vector<Estimate> first = member_estimates(inputs);
  for (Estimate& estimate : first) of_face.push_back({std::move(estimate)});
  for (const std::vector<float>& parameters : model_.others) {
    network_->set_parameters(parameters);
    std::vector<Estimate> more = member_estimates(inputs);
    for (std::size_t i = 0; i < more.size(); ++i) of_face[i].push_back(std::move(more[i]));
  }
  network_->set_parameters(model_.parameters);
  std::vector<Estimate> estimates;
  for (const std::vector<Estimate>& members : of_face) {
    estimates.push_back(mean_of(model_, members));
    for (const Estimate& member : members) estimates.back().members.push_back(member.age);
  }
  return estimates;
}

void Estimator::estimate_batch(std::span<const float> inputs, std::vector<Estimate>& estimates) {
  std::vector<Estimate> seen = model_.others.empty() ? member_estimates(inputs) : ensemble_estimates(inputs);
  if (model_.intervals) {
    for (Estimate& estimate : seen) {
      if (std::isfinite(estimate.age)) estimate.interval = interval_of(*model_.intervals, estimate.age);
    }
  }
  estimates.insert(estimates.end(), seen.begin(), seen.end());
}

std::vector<Estimate> Estimator::estimate_inputs(std::span<const float> inputs) {
  std::vector<Estimate> estimates;
  while (!inputs.empty()) {
    std::span<const float> now = inputs.first(std::min(network_->input().size(), inputs.size()));
    inputs = inputs.subspan(now.size());
    estimate_batch(now, estimates);
  }
  return estimates;
}

std::vector<Estimate> Estimator::estimate(std::span<const Image> faces) {
  std::size_t size = network_->input().size() / batch_;
  std::vector<float> inputs(std::min(batch_, faces.size()) * size);
  std::vector<Estimate> estimates;
  while (!faces.empty()) {
    std::span<const Image> now = faces.first(std::min(batch_, faces.size()));
    faces = faces.subspan(now.size());
    for (std::size_t i = 0; i < now.size(); ++i)
      to_network_input(model_.recipe, now[i], std::span(inputs).subspan(i * size, size));
    estimate_batch(std::span(inputs).first(now.size() * size), estimates);
  }
  return estimates;
}

}  // namespace agewise
