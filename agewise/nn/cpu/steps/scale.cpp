// y = weight · x + bias, one pair a channel.
#include "agewise/nn/cpu/steps/channels.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

class Scale : public Step {
 public:
  Scale(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    in_ = walkable(plan, plan.value(input_), to_plain_);
    channels_ = channels_of(in_.layout());
    int first = plan.first_parameter(layer_);
    ParameterLayout layout = plan.vector_layout(plan.layer(layer_).shape.channels);
    weight_ = plan.parameter(first, layout);
    bias_ = plan.parameter(first + 1, layout);
    out_ = plan.allocate(in_.layout());
    plan.define(layer_, out_);
    note(plan.layer(layer_).name, "own scale");
  }

  void plan_backward(Plan& plan) override {
    plan.keep(in_);
    gradient_ = plan.gradient(layer_);
    int first = plan.first_parameter(layer_);
    to_weight_ = plan.gradient_of_parameter(first, weight_.layout());
    to_bias_ = plan.gradient_of_parameter(first + 1, bias_.layout());
    if (!plan.wants_gradient(input_)) return;
    changed_ = plan.changed_gradient(layer_);
    plan.pass_gradient(changed_, input_);
  }

  void forward(const Pass&) override {
    if (to_plain_) to_plain_();
    const float *in = in_.data(), *weight = weight_.data(), *bias = bias_.data();
    float* out = out_.data();
    for_each_number(channels_, out,
                    [=](std::int64_t i, std::int64_t c, std::int64_t) { out[i] = weight[c] * in[i] + bias[c]; });
  }

  void backward(const Pass&) override {
    const float *in = in_.data(), *gradient = gradient_.data(), *weight = weight_.data();
    float *to_weight = to_weight_.data(), *to_bias = to_bias_.data();
    for_each_block(channels_, [&](std::int64_t b) {
      std::int64_t first = b * channels_.block;
      double weight_sum[kLargestBlock] = {}, bias_sum[kLargestBlock] = {};
      for (std::int64_t n = 0; n < channels_.batch; ++n) {
        for_each_of_block(channels_, n, b, [&](std::int64_t i, std::int64_t c) {
          weight_sum[c - first] += static_cast<double>(gradient[i]) * in[i];
          bias_sum[c - first] += gradient[i];
        });
      }
      for (std::int64_t c = first; c < std::min(first + channels_.block, channels_.channels); ++c) {
        to_weight[c] = static_cast<float>(weight_sum[c - first]);
        to_bias[c] = static_cast<float>(bias_sum[c - first]);
      }
    });
    if (!changed_) return;
    float* changed = changed_.data();
    for_each_number(channels_, changed,
                    [=](std::int64_t i, std::int64_t c, std::int64_t) { changed[i] = gradient[i] * weight[c]; });
  }

 private:
  int layer_, input_;
  Channels channels_{};
  Call to_plain_;
  Tensor in_, out_, weight_, bias_, gradient_, changed_, to_weight_, to_bias_;
};

}  // namespace

std::unique_ptr<Step> make_scale(Plan& plan, const Operation& operation) {
  return std::make_unique<Scale>(plan, operation);
}

}  // namespace agewise::nn::cpu
