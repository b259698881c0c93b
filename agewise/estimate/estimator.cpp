#include "agewise/estimate/estimator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "agewise/image/resize.h"
#include "agewise/nn/loss.h"

namespace agewise {
namespace {

bool ends_in_softmax(const Graph& graph) {
  return std::holds_alternative<layer::Softmax>(graph.layers[graph.outputs.front()].kind);
}

Estimate of_regression(const Classes& classes, float output) {
  double age = double{output} * 100;  // the unit of nn/loss.h
  Estimate estimate{age, class_of(classes, age), std::vector<float>(classes.count(), 0)};
  estimate.distribution[estimate.most_likely_class] = 1;
  return estimate;
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
  int size = recipe.face.size;
  int channels = recipe.face.colour == Colour::grey ? 1 : 3;
  if (face.channels != channels || face.width != size || face.height != size ||
      input.size() != static_cast<std::size_t>(channels) * size * size) {
    throw std::invalid_argument("a face that is not prepared as the recipe says");
  }
  bool whitened = recipe.whiten.method != Whitening::none;
  auto scale = static_cast<float>(whitened ? 1 : recipe.network.scale);
  float* place = input.data();
  for (int c = 0; c < channels; ++c) {
    int stored = recipe.network.bgr ? channels - 1 - c : c;
    auto mean = static_cast<float>(whitened || recipe.network.mean.empty() ? 0 : recipe.network.mean[c]);
    for (int y = 0; y < size; ++y) {
      const std::uint8_t* pixel = face.row(y) + stored;
      for (int x = 0; x < size; ++x) *place++ = (static_cast<float>(pixel[x * channels]) - mean) * scale;
    }
  }
}

Estimate estimate_of(const Model& model, std::span<const float> outputs) {
  if (!std::all_of(outputs.begin(), outputs.end(), [](float value) { return std::isfinite(value); })) {
    return {std::numeric_limits<double>::quiet_NaN(), 0, std::vector<float>(model.classes.count(), 0)};
  }
  if (model.recipe.train.loss == Loss::regression) return of_regression(model.classes, outputs.front());
  std::vector<float> distribution(outputs.begin(), outputs.end());
  if (!ends_in_softmax(model.graph)) softmax_rows(distribution, model.classes.count());
  double age = age_of(model.recipe.train.prediction, model.classes, distribution);
  int likely = argmax(distribution);
  return {age, likely, std::move(distribution)};
}

Estimator::Estimator(Model model, Engine& engine, int batch)
    : model_(std::move(model)),
      batch_(static_cast<std::size_t>(batch)),
      network_(engine.compile(model_.graph, batch, Mode::infer)) {
  network_->set_parameters(model_.parameters);
}

// Rows of the batch beyond the faces keep what they had: no row depends on another.
void Estimator::run(std::span<const Image> faces) {
  std::size_t size = network_->input().size() / batch_;
  for (std::size_t i = 0; i < faces.size(); ++i) {
    to_network_input(model_.recipe, faces[i], network_->input().subspan(i * size, size));
  }
  if (model_.whitening) apply_zca(*model_.whitening, network_->input().first(faces.size() * size));
  network_->forward();
}

std::vector<Estimate> Estimator::estimate(std::span<const Image> faces) {
  std::vector<Estimate> estimates;
  while (!faces.empty()) {
    std::span<const Image> now = faces.first(std::min(batch_, faces.size()));
    faces = faces.subspan(now.size());
    run(now);
    std::size_t outputs = network_->output().size() / batch_;
    for (std::size_t i = 0; i < now.size(); ++i) {
      estimates.push_back(estimate_of(model_, network_->output().subspan(i * outputs, outputs)));
    }
  }
  return estimates;
}

}  // namespace agewise
