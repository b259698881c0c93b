// Each pixel becomes a square of pixels: oneDNN's nearest resampling, in the input's native layout.
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

constexpr auto kNearest = dnnl::algorithm::resampling_nearest;

class Upsample : public Step {
 public:
  Upsample(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    in_ = plan.value(input_);
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    description_ = dnnl::resampling_forward::primitive_desc(
        {kind, kNearest, in_.layout(), plan.any_layout(plan.layer(layer_).shape)}, plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    out_ = plan.allocate(description_.dst_desc());
    forward_ =
        plan.call(description_, dnnl::resampling_forward(description_), {{DNNL_ARG_SRC, in_}, {DNNL_ARG_DST, out_}});
    plan.define(layer_, out_);
  }

  void plan_backward(Plan& plan) override {
    dnnl::resampling_backward::primitive_desc description({kNearest, in_.layout(), out_.layout()}, plan.attributes(),
                                                          plan.engine(), description_);
    note(plan.layer(layer_).name, "backward", description);
    backward_ =
        plan.call(description, dnnl::resampling_backward(description),
                  {{DNNL_ARG_DIFF_DST, plan.gradient(layer_)}, {DNNL_ARG_DIFF_SRC, plan.gradient_share(input_)}});
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  int layer_, input_;
  dnnl::resampling_forward::primitive_desc description_;
  Tensor in_, out_;
  Call forward_, backward_;
};

}  // namespace

std::unique_ptr<Step> make_upsample(Plan& plan, const Operation& operation) {
  return std::make_unique<Upsample>(plan, operation);
}

}  // namespace agewise::nn::cpu
