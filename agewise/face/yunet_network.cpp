#include "agewise/face/yunet_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <stdexcept>
#include <string>

#include "agewise/face/bundled.h"
#include "agewise/nn/cpu/cpu_engine.h"

namespace agewise::face {
namespace {

constexpr std::array<int, 3> kStrides{8, 16, 32};  // pixels between the places that the network looks at

// Channels of the answer at each place: that it is a face and that something is there (before the sigmoid), the box
// (offset of its middle from the place, logarithm of its size, in strides), the five points (offsets, in strides).
constexpr int kFace = 0, kObject = 1, kBox = 2, kPoints = 6, kAnswer = 16;

class GraphMaker {
 public:
  nn::Graph make(int height, int width) {
    add("pixels", nn::layer::Input{{3, height, width}}, {});
    graph_.inputs = {0};
    int at = relu(add("stem", convolution(16, 3, 2, 1), {0}));
    at = pool(block("stage0", 16, at));
    at = block("stage1_2", 64, block("stage1_1", 16, at));
    at = pool(block("stage2_2", 64, block("stage2_1", 64, at)));
    int eighth = block("stage3_2", 64, block("stage3_1", 64, at));
    int sixteenth = block("stage4_2", 64, block("stage4_1", 64, pool(eighth)));
    int last = block("stage5_2", 64, block("stage5_1", 64, pool(sixteenth)));
    last = block("lateral32", 64, last);
    sixteenth = block("lateral16", 64, above(sixteenth, last));
    eighth = block("lateral8", 64, above(eighth, sixteenth));
    answer(8, eighth);
    answer(16, sixteenth);
    answer(32, last);
    return std::move(graph_);
  }

 private:
  static nn::layer::Convolution convolution(int channels, int kernel, int stride, int groups) {
    int pad = kernel / 2;
    return {channels, kernel, kernel, stride, {pad, pad, pad, pad}, groups, true, nn::Initial::he_normal};
  }

  int add(std::string name, nn::LayerKind kind, std::vector<int> inputs) {
    nn::Layer layer{std::move(name), std::move(kind), std::move(inputs), {}};
    std::vector<nn::Shape> shapes;
    for (int input : layer.inputs) shapes.push_back(graph_.layers[static_cast<std::size_t>(input)].shape);
    layer.shape = nn::shape_of(layer, shapes);
    graph_.layers.push_back(std::move(layer));
    return static_cast<int>(graph_.layers.size()) - 1;
  }
  std::string next_name(const char* kind) const { return fmt::format("{}{}", kind, graph_.layers.size()); }
  int relu(int input) { return add(next_name("relu"), nn::layer::Relu{}, {input}); }
  int pool(int input) { return add(next_name("pool"), nn::layer::MaxPool{2, 2, {}}, {input}); }

  int separable(const std::string& name, int channels, int input) {
    int point = add(name + ".point", convolution(channels, 1, 1, 1), {input});
    return add(name + ".depth", convolution(channels, 3, 1, channels), {point});
  }
  int block(const std::string& name, int channels, int input) { return relu(separable(name, channels, input)); }
  int above(int fine, int coarse) {
    int enlarged = add(next_name("upsample"), nn::layer::Upsample{2}, {coarse});
    return add(next_name("add"), nn::layer::Add{}, {fine, enlarged});
  }
  void answer(int stride, int input) {
    int shared = block(fmt::format("shared{}", stride), 64, input);
    graph_.outputs.push_back(separable(fmt::format("answer{}", stride), kAnswer, shared));
  }

  nn::Graph graph_;
};

int rounded_up(int pixels) { return (pixels + kStrides.back() - 1) / kStrides.back() * kStrides.back(); }

// B G R from 0 to 255, a plane each; black to the right and below of the picture.
void show(const image::Image& picture, int width, int height, std::span<float> input) {
  std::size_t area = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  for (std::size_t plane = 0; plane < 3; ++plane) {
    std::size_t channel = picture.channels == 1 ? 0 : 2 - plane;
    float* to = input.data() + plane * area;
    for (int y = 0; y < picture.height; ++y, to += width) {
      const std::uint8_t* from = picture.row(y) + channel;
      for (int x = 0; x < picture.width; ++x) to[x] = from[x * picture.channels];
      std::fill(to + picture.width, to + width, 0.0F);
    }
    std::fill(to, input.data() + (plane + 1) * area, 0.0F);
  }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The answers of one stride: kAnswer planes of `across` × `down` places.
class Answers {
 public:
  Answers(std::span<const float> values, int across, int down, int stride)
      : values_(values.data()), across_(across), places_(across * down), stride_(stride) {}

  void add_to(std::vector<Candidate>& found, double least) const {
    // Below it the product of both probabilities cannot reach the square of the least score.
    double least_product = least * least;
    float hopeless = static_cast<float>(std::log(least_product / (1 - least_product)));
    for (int i = 0; i < places_; ++i) {
      if (!(at(kFace, i) >= hopeless && at(kObject, i) >= hopeless)) continue;  // not a number neither
      double score = std::sqrt(sigmoid(at(kFace, i)) * sigmoid(at(kObject, i)));
      if (!(score >= least)) continue;
      Candidate one = candidate(i, score);
      double width = one.box.right - one.box.left, height = one.box.bottom - one.box.top;
      if (width >= 1 && height >= 1 && std::isfinite(one.box.left + one.box.top + width + height)) found.push_back(one);
    }
  }

 private:
  float at(int channel, int place) const { return values_[channel * places_ + place]; }

  Candidate candidate(int i, double score) const {
    double column = i % across_, row = i / across_;
    Point centre{(column + at(kBox, i)) * stride_, (row + at(kBox + 1, i)) * stride_};
    double x = std::exp(at(kBox + 2, i)) * stride_ / 2, y = std::exp(at(kBox + 3, i)) * stride_ / 2;
    auto point = [&](int k) {
      return Point{(column + at(kPoints + 2 * k, i)) * stride_, (row + at(kPoints + 2 * k + 1, i)) * stride_};
    };
    return {{centre.x - x, centre.y - y, centre.x + x, centre.y + y},
            score,
            {point(0), point(1), point(2), point(3), point(4)}};
  }

  const float* values_;
  int across_, places_;
  double stride_;
};

}  // namespace

YunetNetwork::YunetNetwork()
    : engine_(nn::make_cpu_engine({.threads = 1})),
      parameters_(bundled_parameters("detector", GraphMaker().make(kStrides.back(), kStrides.back()))) {}

nn::Executable& YunetNetwork::network_for(int width, int height) {
  auto known = std::find_if(compiled_.begin(), compiled_.end(),
                            [&](const Compiled& one) { return one.width == width && one.height == height; });
  if (known != compiled_.end()) {
    compiled_.splice(compiled_.begin(), compiled_, known);
  } else {
    if (compiled_.size() == kShapes) compiled_.pop_back();
    compiled_.push_front({width, height, engine_->compile(GraphMaker().make(height, width), 1, nn::Mode::infer)});
    compiled_.front().network->set_parameters(parameters_);
  }
  return *compiled_.front().network;
}

std::vector<Candidate> YunetNetwork::look_at(const image::Image& picture, double least_score) {
  if (picture.width > kMostSide || picture.height > kMostSide)
    throw std::invalid_argument("a picture larger than the detector looks at");
  int width = rounded_up(picture.width), height = rounded_up(picture.height);
  nn::Executable& network = network_for(width, height);
  show(picture, width, height, network.input());
  network.forward();
  std::vector<Candidate> found;
  for (std::size_t s = 0; s < kStrides.size(); ++s) {
    int stride = kStrides[s];
    Answers(network.output(static_cast<int>(s)), width / stride, height / stride, stride).add_to(found, least_score);
  }
  return found;
}

}  // namespace agewise::face
