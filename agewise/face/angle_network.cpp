#include "agewise/face/angle_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "agewise/base/error.h"
#include "agewise/face/bundled.h"
#include "agewise/face/patch.h"
#include "agewise/nn/build.h"
#include "agewise/nn/cpu/cpu_engine.h"

namespace agewise::face {
namespace {

constexpr int kBatch = 16;

}  // namespace

Turned turned_of(std::span<const float> numbers) {
  float largest = *std::max_element(numbers.begin(), numbers.end());
  std::vector<double> shares(numbers.size());
  std::transform(numbers.begin(), numbers.end(), shares.begin(), [&](float x) { return std::exp(x - largest); });
  double sum = 0, faces = 0;
  for (double share : shares) sum += share;
  auto bins = static_cast<int>(shares.size()) - 1;
  int likeliest = 0;
  for (int k = 0; k < bins; ++k) {
    faces += shares[static_cast<std::size_t>(k) + 1];
    if (shares[static_cast<std::size_t>(k) + 1] > shares[static_cast<std::size_t>(likeliest) + 1]) likeliest = k;
  }
  double x = 0, y = 0, step = 2 * std::numbers::pi / bins;
  for (int k = likeliest - 2; k <= likeliest + 2; ++k) {
    double share = shares[static_cast<std::size_t>((k + bins) % bins) + 1];
    x += share * std::cos(k * step);
    y += share * std::sin(k * step);
  }
  return {faces / sum, std::atan2(y, x) * 180 / std::numbers::pi};
}

AngleNetwork::AngleNetwork() : engine_(nn::make_cpu_engine({.threads = 1})) {
  recipe_ = recipe::parse_recipe(bundled_text("upright", "recipe"), "models/upright.safetensors");
  nn::Graph graph = nn::build_graph(recipe_.network, 3, kPatchPixels, recipe_.classes.years);
  if (recipe::input_side(recipe_) != kPatchPixels || recipe_.network.mean.size() != 3 || graph.outputs.size() != 1)
    throw base::Error("models/upright.safetensors: is not the angle network");
  network_ = engine_->compile(graph, kBatch, nn::Mode::infer);
  single_ = engine_->compile(graph, 1, nn::Mode::infer);
  std::vector<float> parameters = bundled_parameters("upright", graph);
  for (nn::Executable* one : {network_.get(), single_.get()}) one->set_parameters(parameters);
}

void AngleNetwork::show(const image::Image& patch, std::span<float> input) const {
  const auto area = static_cast<std::size_t>(kPatchPixels) * kPatchPixels;
  const auto channels = static_cast<std::size_t>(patch.channels);
  for (std::size_t c = 0; c < 3; ++c) {
    std::size_t from = channels == 1 ? 0 : c;
    auto mean = static_cast<float>(recipe_.network.mean[c]), scale = static_cast<float>(recipe_.network.scale);
    for (std::size_t i = 0; i < area; ++i)
      input[c * area + i] = (static_cast<float>(patch.pixels[i * channels + from]) - mean) * scale;
  }
}

std::vector<Turned> AngleNetwork::look_at(std::span<const image::Image> patches) {
  std::vector<Turned> found;
  std::span<float> input = network_->input();
  for (std::size_t begin = 0; begin < patches.size(); begin += kBatch) {
    std::size_t count = std::min<std::size_t>(kBatch, patches.size() - begin);
    for (std::size_t i = 0; i < count; ++i)
      show(patches[begin + i], input.subspan(i * (input.size() / kBatch), input.size() / kBatch));
    network_->forward();
    std::span<const float> output = network_->output();
    std::size_t classes = output.size() / kBatch;
    for (std::size_t i = 0; i < count; ++i) found.push_back(turned_of(output.subspan(i * classes, classes)));
  }
  return found;
}

Turned AngleNetwork::look_at(const image::Image& patch) {
  show(patch, single_->input());
  single_->forward();
  return turned_of(single_->output());
}

}  // namespace agewise::face
