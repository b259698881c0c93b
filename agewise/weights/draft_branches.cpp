// Branches that are trained side by side and added, as RepVGG (Ding et al., CVPR 2021) and MobileOne (Vasu et al., CVPR
// 2023) have them.
#include <cmath>

#include "agewise/weights/draft.h"

namespace agewise::weights {
namespace {

using nn::layer::BatchNorm, nn::layer::Convolution;

class Merger {
 public:
  explicit Merger(Draft& draft) : draft_(draft), readers_(draft.layers.size(), 0) {
    for (const DraftLayer& layer : draft.layers) {
      for (int input : layer.layer.inputs) ++readers_[static_cast<std::size_t>(input)];
    }
    for (int output : draft.outputs) ++readers_[static_cast<std::size_t>(output)];
  }

  void merge() {
    for (DraftLayer& layer : draft_.layers) {
      const std::vector<int>& inputs = layer.layer.inputs;
      if (!std::holds_alternative<nn::layer::Add>(layer.layer.kind) || inputs.size() != 2) continue;
      if (!merge_into(layer, inputs[0], inputs[1])) merge_into(layer, inputs[1], inputs[0]);
    }
  }

 private:
  DraftLayer& at(int index) { return draft_.layers[static_cast<std::size_t>(index)]; }

  // The sum becomes the convolution `large` with `small` in its weights.
  bool merge_into(DraftLayer& sum, int large, int small) {
    const DraftLayer &to = at(large), &from = at(small);
    const auto* c = std::get_if<Convolution>(&to.layer.kind);
    if (c == nullptr || large == small || readers_[static_cast<std::size_t>(large)] != 1 ||
        readers_[static_cast<std::size_t>(small)] != 1 || from.layer.inputs != to.layer.inputs ||
        from.layer.shape != to.layer.shape) {
      return false;
    }
    const nn::Shape& in = at(to.layer.inputs[0]).layer.shape;
    DraftLayer merged = to;
    want_bias(merged);
    const auto* other = std::get_if<Convolution>(&from.layer.kind);
    if (other != nullptr && fits(*other, *c)) {
      add_convolution(from, *other, *c, merged);
    } else if (const auto* norm = std::get_if<BatchNorm>(&from.layer.kind); norm != nullptr && keeps_places(*c, in)) {
      add_normalisation(from, *norm, *c, in.channels / c->groups, merged);
    } else {
      return false;
    }
    sum = std::move(merged);
    return true;
  }

  // Each window of `small` lies in the window of `large` at the same place.
  static bool fits(const Convolution& small, const Convolution& large) {
    int top = large.pad.top - small.pad.top, left = large.pad.left - small.pad.left;
    return small.groups == large.groups && small.stride == large.stride && top >= 0 && left >= 0 &&
           top + small.kernel_height <= large.kernel_height && left + small.kernel_width <= large.kernel_width;
  }

  // Whether some weight of each window multiplies the pixel at the output's own place.
  static bool keeps_places(const Convolution& c, const nn::Shape& in) {
    return c.stride == 1 && c.channels == in.channels && c.pad.top < c.kernel_height && c.pad.left < c.kernel_width;
  }

  static void add_convolution(const DraftLayer& from, const Convolution& small, const Convolution& large,
                              DraftLayer& to) {
    auto size_of = [](const Convolution& c) { return static_cast<std::size_t>(c.kernel_height * c.kernel_width); };
    const std::vector<float>& weights = from.arrays[0];
    auto width = static_cast<std::size_t>(small.kernel_width);
    auto top = static_cast<std::size_t>(large.pad.top - small.pad.top),
         left = static_cast<std::size_t>(large.pad.left - small.pad.left);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      std::size_t kernel = i / size_of(small), y = i % size_of(small) / width + top, x = i % width + left;
      to.arrays[0][kernel * size_of(large) + y * static_cast<std::size_t>(large.kernel_width) + x] += weights[i];
    }
    for (std::size_t c = 0; small.bias && c < to.arrays[1].size(); ++c) to.arrays[1][c] += from.arrays[1][c];
  }

  // `each`: channels of the input that a channel of the output reads.
  static void add_normalisation(const DraftLayer& from, const BatchNorm& norm, const Convolution& c, int each,
                                DraftLayer& to) {
    const std::vector<float>&gamma = from.arrays[0], &beta = from.arrays[1], &mean = from.arrays[2],
          &variance = from.arrays[3];
    auto size = static_cast<std::size_t>(c.kernel_height * c.kernel_width),
         place = static_cast<std::size_t>(c.pad.top * c.kernel_width + c.pad.left),
         inputs = static_cast<std::size_t>(each);
    for (std::size_t channel = 0; channel < gamma.size(); ++channel) {
      auto factor = static_cast<float>(gamma[channel] / std::sqrt(variance[channel] + norm.epsilon));
      to.arrays[0][(channel * inputs + channel % inputs) * size + place] += factor;
      to.arrays[1][channel] += beta[channel] - factor * mean[channel];
    }
  }

  Draft& draft_;
  std::vector<int> readers_;
};

}  // namespace

void merge_branches(Draft& draft) {
  Merger(draft).merge();
  drop_needless(draft);
}

}  // namespace agewise::weights
