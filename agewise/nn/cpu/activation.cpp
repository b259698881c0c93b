// Sigmoid, tanh and PReLU by oneDNN, in the input's own layout.
#include "agewise/nn/cpu/step.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;

class Activation : public Step {
 public:
  Activation(Plan& plan, const Operation& operation)
      : layer_(operation.layer),
        input_(plan.layer(operation.layer).inputs[0]),
        tanh_(std::holds_alternative<layer::Tanh>(plan.layer(operation.layer).kind)) {
    Tensor in = plan.value(input_);
    // The kernel that needs only its output going back: the input may be overwritten by others.
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    description_ =
        dnnl::eltwise_forward::primitive_desc({kind, algorithm(), in.layout(), 0, 0}, plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    out_ = plan.allocate(in.layout());
    forward_ = plan.call(description_, dnnl::eltwise_forward(description_), {{DNNL_ARG_SRC, in}, {DNNL_ARG_DST, out_}});
    plan.define(layer_, out_);
    plan.forbid_overwriting(layer_);  // backward reads it
  }

  void plan_backward(Plan& plan) override {
    dnnl::eltwise_backward::primitive_desc description({algorithm(), out_.layout(), out_.layout(), 0, 0},
                                                       plan.attributes(), plan.engine(), description_);
    note(plan.layer(layer_).name, "backward", description);
    backward_ = plan.call(description, dnnl::eltwise_backward(description),
                          {{DNNL_ARG_DST, plan.keep(out_)},
                           {DNNL_ARG_DIFF_DST, plan.gradient(layer_)},
                           {DNNL_ARG_DIFF_SRC, plan.gradient_share(input_)}});
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  dnnl::algorithm algorithm() const {
    return tanh_ ? dnnl::algorithm::eltwise_tanh_use_dst_for_bwd : dnnl::algorithm::eltwise_logistic_use_dst_for_bwd;
  }

  int layer_, input_;
  bool tanh_;
  dnnl::eltwise_forward::primitive_desc description_;
  Tensor out_;
  Call forward_, backward_;
};

class PRelu : public Step {
 public:
  PRelu(Plan& plan, const Operation& operation)
      : layer_(operation.layer), input_(plan.layer(operation.layer).inputs[0]) {
    in_ = plan.value(input_);
    dnnl::memory::dims weights{1, plan.layer(layer_).shape.channels, 1, 1};
    constexpr auto kFloat = dnnl::memory::data_type::f32;
    Desc any(weights, kFloat, dnnl::memory::format_tag::any), plain(weights, kFloat, dnnl::memory::format_tag::abcd);
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    description_ = dnnl::prelu_forward::primitive_desc({kind, in_.layout(), any}, plan.attributes(), plan.engine());
    note(plan.layer(layer_).name, "forward", description_);
    weight_ = plan.parameter(plan.first_parameter(layer_), {plain, description_.weights_desc()});
    out_ = plan.allocate(in_.layout());
    forward_ = plan.call(description_, dnnl::prelu_forward(description_),
                         {{DNNL_ARG_SRC, in_}, {DNNL_ARG_WEIGHTS, weight_}, {DNNL_ARG_DST, out_}});
    plan.define(layer_, out_);
    plan.forbid_overwriting(input_);  // backward reads it
  }

  void plan_backward(Plan& plan) override {
    dnnl::prelu_backward::primitive_desc description({in_.layout(), weight_.layout(), in_.layout(), weight_.layout()},
                                                     plan.attributes(), plan.engine(), description_);
    note(plan.layer(layer_).name, "backward", description);
    Tensor to_input = plan.wants_gradient(input_) ? plan.gradient_share(input_) : plan.allocate(in_.layout());
    backward_ = plan.call(
        description, dnnl::prelu_backward(description),
        {{DNNL_ARG_SRC, plan.keep(in_)},
         {DNNL_ARG_WEIGHTS, weight_},
         {DNNL_ARG_DIFF_DST, plan.gradient(layer_)},
         {DNNL_ARG_DIFF_SRC, to_input},
         {DNNL_ARG_DIFF_WEIGHTS, plan.gradient_of_parameter(plan.first_parameter(layer_), weight_.layout())}});
  }

  void forward(const Pass&) override { forward_(); }
  void backward(const Pass&) override { backward_(); }

 private:
  int layer_, input_;
  dnnl::prelu_forward::primitive_desc description_;
  Tensor in_, out_, weight_;
  Call forward_, backward_;
};

}  // namespace

std::unique_ptr<Step> make_activation(Plan& plan, const Operation& operation) {
  return std::make_unique<Activation>(plan, operation);
}
std::unique_ptr<Step> make_prelu(Plan& plan, const Operation& operation) {
  return std::make_unique<PRelu>(plan, operation);
}

}  // namespace agewise::nn::cpu
