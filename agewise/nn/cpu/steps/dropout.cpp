// Dropout. The mask is made once a step and kept as bits for the backward pass.
#include "agewise/nn/dropout.h"

#include "agewise/nn/cpu/kernels/dropout_mask.h"
#include "agewise/nn/cpu/kernels/parallel.h"
#include "agewise/nn/cpu/plan/layouts.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

class Dropout : public Step {
 public:
  Dropout(Plan& plan, const Operation& operation)
      : input_(plan.layer(operation.layer).inputs[0]),
        layer_(operation.layer),
        batch_(plan.batch()),
        shape_(plan.layer(layer_).shape),
        rate_(std::get<layer::Dropout>(plan.layer(layer_).kind).rate) {
    in_ = plan.value(input_);
    block_ = channel_block(in_.layout());
    if (block_ == 0 && !is_canonical(in_.layout())) {
      Tensor plain = plan.allocate(plan.canonical_layout(shape_));
      to_plain_ = plan.reorder(in_, plain);
      in_ = plain;
    }
    out_ = to_plain_ || plan.may_overwrite(input_) ? in_ : plan.allocate(in_.layout());
    mask_bytes_ = dropout_mask_bytes(shape_.size());
    mask_ = plan.allocate({{batch_, static_cast<dnnl::memory::dim>(mask_bytes_)},
                           dnnl::memory::data_type::u8,
                           dnnl::memory::format_tag::ab});
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, "own dropout");
  }

  void plan_backward(Plan& plan) override {
    plan.keep(mask_);
    gradient_ = plan.gradient(layer_);
    changed_ = plan.changed_gradient(layer_);
    plan.pass_gradient(changed_, input_);
  }

  void forward(const Pass& pass) override {
    if (to_plain_) to_plain_();
    for_each_row([&](std::size_t row, std::size_t begin) {
      make_dropout_mask(mask_key(pass, layer_, row), rate_, shape_.size(), mask(row));
      apply(row, in_.data() + begin, out_.data() + begin);
    });
  }

  void backward(const Pass&) override {
    for_each_row(
        [&](std::size_t row, std::size_t begin) { apply(row, gradient_.data() + begin, changed_.data() + begin); });
  }

 private:
  std::uint8_t* mask(std::size_t row) const {
    return static_cast<std::uint8_t*>(mask_.memory.get_data_handle()) + row * mask_bytes_;
  }

  template <class Body>
  void for_each_row(Body body) const {
    constexpr std::int64_t kWorthAThread = 1 << 13;
    std::size_t stride = out_.floats() / static_cast<std::size_t>(batch_);
    parallel(batch_, kWorthAThread / shape_.size() + 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row)
        body(row, row * stride);
    });
  }

  void apply(std::size_t row, const float* in, float* out) const {
    std::int64_t pixels = std::int64_t{shape_.height} * shape_.width;
    float scale = dropout_scale(rate_);
    if (block_ > 0 && shape_.channels % 8 == 0) {
      apply_mask_blocked(mask(row), scale, shape_.channels, block_, pixels, in, out);
    } else if (block_ == 0 && pixels == 1) {
      apply_mask(mask(row), scale, in, out, static_cast<std::size_t>(shape_.channels));
    } else {
      apply_anywhere(mask(row), scale, pixels, in, out);
    }
  }

  // Channels that share bytes of the mask with others, or lie apart: one element at a time.
  void apply_anywhere(const std::uint8_t* bits, float scale, std::int64_t pixels, const float* in, float* out) const {
    int block = block_ > 0 ? block_ : 1;
    for (int c = 0; c < shape_.channels; ++c) {
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        std::int64_t element = pixel * shape_.channels + c, place = (c / block * pixels + pixel) * block + c % block;
        out[place] = ((bits[element / 8] >> (element % 8)) & 1) != 0 ? in[place] * scale : 0;
      }
    }
    if (in == out) return;
    for (int c = shape_.channels; c % block != 0; ++c) {
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) out[(c / block * pixels + pixel) * block + c % block] = 0;
    }
  }

  int input_, layer_, batch_;
  Shape shape_;
  double rate_;
  int block_;
  std::size_t mask_bytes_;
  Tensor in_, out_, mask_, gradient_, changed_;
  Call to_plain_;
};

// Infer: the value passes through.
class NoDropout : public Step {
 public:
  NoDropout(Plan& plan, const Operation& operation) {
    plan.define_same(operation.layer, plan.layer(operation.layer).inputs[0]);
    note(plan.layer(operation.layer).name, "nothing to do");
  }
  void forward(const Pass&) override {}
};

}  // namespace

std::unique_ptr<Step> make_dropout(Plan& plan, const Operation& operation) {
  if (plan.train()) return std::make_unique<Dropout>(plan, operation);
  return std::make_unique<NoDropout>(plan, operation);
}

}  // namespace agewise::nn::cpu
