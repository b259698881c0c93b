// Activations that files spell out in several layers.
#include <algorithm>
#include <cmath>
#include <optional>

#include "agewise/weights/draft.h"

namespace agewise::weights {
namespace {

constexpr double kRounding = 1e-6;  // of constants in the file

class Joiner {
 public:
  explicit Joiner(Draft& draft) : draft_(draft) {}

  void join() {
    for (DraftLayer& layer : draft_.layers) {
      if (is<nn::layer::Multiply>(layer)) join_product(layer);
      if (is<nn::layer::Scale>(layer)) join_scale(layer);
      if (is<nn::layer::Clip>(layer)) join_clip(layer);
    }
  }

 private:
  template <class Kind>
  static bool is(const DraftLayer& layer) {
    return std::holds_alternative<Kind>(layer.layer.kind);
  }
  DraftLayer& at(int index) { return draft_.layers[static_cast<std::size_t>(index)]; }
  DraftLayer& input(const DraftLayer& layer, std::size_t i = 0) { return at(layer.layer.inputs[i]); }

  static bool close(double a, double b) { return std::abs(a - b) <= kRounding * std::max(1.0, std::abs(b)); }

  void become(DraftLayer& layer, nn::LayerKind kind, int input) {
    layer.layer.kind = kind;
    layer.layer.inputs = {input};
    layer.arrays.clear();
  }

  // weight · x + bias, the same for all channels.
  struct Line {
    int x;
    double weight, bias;
  };
  std::optional<Line> line_of(const DraftLayer& layer) const {
    if (!is<nn::layer::Scale>(layer)) return {};
    for (const std::vector<float>& array : layer.arrays) {
      if (array.empty() || std::any_of(array.begin(), array.end(), [&](float v) { return v != array[0]; })) return {};
    }
    return Line{layer.layer.inputs[0], layer.arrays[0][0], layer.arrays[1][0]};
  }

  // A line cut off at 0 and above.
  struct Ramp {
    int x;
    double weight, bias, high;
  };
  std::optional<Ramp> ramp_of(const DraftLayer& layer) {
    const auto* clip = std::get_if<nn::layer::Clip>(&layer.layer.kind);
    if (clip == nullptr || clip->low != 0) return {};
    std::optional<Line> line = line_of(input(layer));
    if (!line) return {};
    return Ramp{line->x, line->weight, line->bias, clip->high};
  }

  // x · sigmoid(x), x · hard sigmoid(x), either way round.
  void join_product(DraftLayer& product) {
    for (std::size_t i = 0; i < 2; ++i) {
      int x = product.layer.inputs[1 - i];
      const DraftLayer& gate = input(product, i);
      if (gate.layer.inputs.empty() || gate.layer.inputs[0] != x) continue;
      if (is<nn::layer::Sigmoid>(gate)) return become(product, nn::layer::Silu{}, x);
      const auto* hard = std::get_if<nn::layer::HardSigmoid>(&gate.layer.kind);
      if (hard != nullptr && is_of_hard_swish(*hard)) return become(product, nn::layer::HardSwish{}, x);
    }
  }

  static bool is_of_hard_swish(const nn::layer::HardSigmoid& s) {
    return close(s.slope, nn::layer::HardSigmoid{}.slope) && close(s.offset, nn::layer::HardSigmoid{}.offset);
  }

  // clip(x + 3, 0, 6) / 6, and x · clip(x + 3, 0, 6) / 6.
  void join_scale(DraftLayer& scale) {
    std::optional<Line> last = line_of(scale);
    if (!last || last->bias != 0) return;
    const DraftLayer& before = at(last->x);
    if (std::optional<Ramp> ramp = ramp_of(before)) {
      if (close(ramp->high * last->weight, 1)) {
        nn::layer::HardSigmoid hard{ramp->weight * last->weight, ramp->bias * last->weight};
        become(scale, hard, ramp->x);
      }
      return;
    }
    if (!is<nn::layer::Multiply>(before)) return;
    for (std::size_t i = 0; i < 2; ++i) {
      std::optional<Ramp> ramp = ramp_of(input(before, i));
      if (!ramp || ramp->x != before.layer.inputs[1 - i] || !close(ramp->high * last->weight, 1)) continue;
      if (!is_of_hard_swish({ramp->weight * last->weight, ramp->bias * last->weight})) continue;
      return become(scale, nn::layer::HardSwish{}, ramp->x);
    }
  }

  // clip(x / 6 + 1/2, 0, 1).
  void join_clip(DraftLayer& clip) {
    std::optional<Ramp> ramp = ramp_of(clip);
    if (ramp && ramp->high == 1) become(clip, nn::layer::HardSigmoid{ramp->weight, ramp->bias}, ramp->x);
  }

  Draft& draft_;
};

}  // namespace

void join_activations(Draft& draft) { Joiner(draft).join(); }

}  // namespace agewise::weights
