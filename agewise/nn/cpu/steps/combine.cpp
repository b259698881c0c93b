// Two inputs multiplied, subtracted or divided element by element; a number of a 1 × 1 input counts for its channel.
#include <array>

#include "agewise/nn/cpu/steps/channels.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

// The output, and what its gradient gives to each input.
struct Product {
  static float value(float a, float b) { return a * b; }
  static float to_a(float, float b, float gradient) { return gradient * b; }
  static float to_b(float a, float, float gradient) { return gradient * a; }
};
struct Difference {
  static float value(float a, float b) { return a - b; }
  static float to_a(float, float, float gradient) { return gradient; }
  static float to_b(float, float, float gradient) { return -gradient; }
};
struct Quotient {
  static float value(float a, float b) { return a / b; }
  static float to_a(float, float b, float gradient) { return gradient / b; }
  static float to_b(float a, float b, float gradient) { return -gradient * a / (b * b); }
};

// One of the inputs.
struct Side {
  int layer = -1;
  bool small = false;  // N × C × 1 × 1 beside a larger one; then plain
  Tensor value, to;    // the input and what it gets of the gradient, laid out as the loops take them
  Call reorder;
};

template <class Rule>
class Combine : public Step {
 public:
  Combine(Plan& plan, const Operation& operation) : layer_(operation.layer) {
    const Shape& shape = plan.layer(layer_).shape;
    for (std::size_t i = 0; i < 2; ++i) {
      sides_[i].layer = plan.layer(layer_).inputs[i];
      sides_[i].small = plan.layer(sides_[i].layer).shape != shape;
    }
    dnnl::memory::desc layout = plan.layout(sides_[sides_[0].small ? 1 : 0].layer);
    if (!is_walkable(plan, layout)) layout = plan.canonical_layout(shape);
    channels_ = channels_of(layout);
    for (Side& side : sides_) take(plan, side, layout);
    out_ = plan.allocate(layout);
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, "own loops");
  }

  void plan_backward(Plan& plan) override {
    gradient_ = plan.gradient(layer_);
    for (Side& side : sides_) plan.keep(side.value);
    for (Side& side : sides_) {
      if (!plan.wants_gradient(side.layer)) continue;
      side.to = plan.allocate(side.value.layout());
      plan.pass_gradient(side.to, side.layer);
    }
  }

  void forward(const Pass&) override {
    for (const Side& side : sides_) {
      if (side.reorder) side.reorder();
    }
    float* out = out_.data();
    if (channels_.last) return combine_last(out);
    for_each_pair(out, [=](std::int64_t i, float a, float b) { out[i] = Rule::value(a, b); });
  }

  void backward(const Pass&) override {
    const float* gradient = gradient_.data();
    give(sides_[0], [=](std::int64_t i, float a, float b) { return Rule::to_a(a, b, gradient[i]); });
    give(sides_[1], [=](std::int64_t i, float a, float b) { return Rule::to_b(a, b, gradient[i]); });
  }

 private:
  void take(Plan& plan, Side& side, const dnnl::memory::desc& layout) {
    side.value = plan.value(side.layer);
    plan.forbid_overwriting(side.layer);  // backward reads it
    dnnl::memory::desc wanted = side.small ? plan.canonical_layout(plan.layer(side.layer).shape) : layout;
    if (side.value.layout() == wanted) return;
    if (side.small && is_channels_last(side.value.layout())) {  // of one pixel: the same places
      side.value = plan.view(side.value, wanted);
      return;
    }
    Tensor alike = plan.allocate(wanted);
    side.reorder = plan.reorder(side.value, alike);
    side.value = alike;
  }

  void combine_last(float* out) const {
    const float *a = sides_[0].value.data(), *b = sides_[1].value.data();
    std::int64_t channels = channels_.channels;
    bool small_a = sides_[0].small, small_b = sides_[1].small;
    for_each_pixel_last(channels_, [=](std::int64_t i, std::int64_t n) {
      const float *of_a = a + (small_a ? n * channels : i), *of_b = b + (small_b ? n * channels : i);
      for (std::int64_t c = 0; c < channels; ++c) out[i + c] = Rule::value(of_a[c], of_b[c]);
    });
  }

  // Calls body(i, a, b) for each number i of the output.
  template <class Body>
  void for_each_pair(float* written, Body body) const {
    const float *a = sides_[0].value.data(), *b = sides_[1].value.data();
    std::int64_t channels = channels_.channels;
    bool small_a = sides_[0].small, small_b = sides_[1].small;
    for_each_number(channels_, written, [=](std::int64_t i, std::int64_t c, std::int64_t n) {
      body(i, a[small_a ? n * channels + c : i], b[small_b ? n * channels + c : i]);
    });
  }

  // `share(i, a, b)` of each number of the output to one side: to the number itself, or summed over its channel.
  template <class Share>
  void give(const Side& side, Share share) const {
    if (!side.to) return;
    float* to = side.to.data();
    if (!side.small) return for_each_pair(to, [=](std::int64_t i, float a, float b) { to[i] = share(i, a, b); });
    const float *small = side.value.data(), *large = sides_[&side == &sides_[0] ? 1 : 0].value.data();
    bool first = &side == &sides_[0];
    for_each_row(channels_, [&](std::int64_t n, std::int64_t b) {
      double sums[kLargestBlock] = {};
      std::int64_t begin = b * channels_.block, row = n * channels_.channels;
      for_each_of_block(channels_, n, b, [&](std::int64_t i, std::int64_t c) {
        float own = small[row + c];
        sums[c - begin] += first ? share(i, own, large[i]) : share(i, large[i], own);
      });
      for (std::int64_t c = begin; c < std::min(begin + channels_.block, channels_.channels); ++c)
        to[row + c] = static_cast<float>(sums[c - begin]);
    });
  }

  int layer_;
  std::array<Side, 2> sides_;
  Channels channels_{};
  Tensor out_, gradient_;
};

}  // namespace

std::unique_ptr<Step> make_combine(Plan& plan, const Operation& operation) {
  const LayerKind& kind = plan.layer(operation.layer).kind;
  if (std::holds_alternative<layer::Multiply>(kind)) return std::make_unique<Combine<Product>>(plan, operation);
  if (std::holds_alternative<layer::Subtract>(kind)) return std::make_unique<Combine<Difference>>(plan, operation);
  return std::make_unique<Combine<Quotient>>(plan, operation);
}

}  // namespace agewise::nn::cpu
