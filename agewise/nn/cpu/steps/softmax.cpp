// Softmax over channels by oneDNN.
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {
namespace {

constexpr int kChannels = 1;  // the axis

class Softmax : public Step {
 public:
  Softmax(Plan& plan, const Operation& operation)
      : input_(plan.layer(operation.layer).inputs[0]), layer_(operation.layer) {
    Tensor in = plan.value(input_);
    description_ = dnnl::softmax_forward::primitive_desc(
        {plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference, in.layout(), kChannels},
        plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    out_ = plan.allocate(in.layout());
    forward_ = plan.call(description_, dnnl::softmax_forward(description_), {{DNNL_ARG_SRC, in}, {DNNL_ARG_DST, out_}});
    plan.define(layer_, out_);
    plan.forbid_overwriting(layer_);  // backward reads it
  }

  void plan_backward(Plan& plan) override {
    dnnl::softmax_backward::primitive_desc description({out_.layout(), out_.layout(), kChannels}, plan.attributes(),
                                                       plan.engine(), description_);
    note(plan.layer(layer_).name, "backward", description);
    backward_ = plan.call(description, dnnl::softmax_backward(description),
                          {{DNNL_ARG_DST, plan.keep(out_)},
                           {DNNL_ARG_DIFF_DST, plan.gradient(layer_)},
                           {DNNL_ARG_DIFF_SRC, plan.gradient_share(input_)}});
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  int input_, layer_;
  dnnl::softmax_forward::primitive_desc description_;
  Tensor out_;
  Call forward_, backward_;
};

}  // namespace

std::unique_ptr<Step> make_softmax(Plan& plan, const Operation& operation) {
  return std::make_unique<Softmax>(plan, operation);
}

}  // namespace agewise::nn::cpu
