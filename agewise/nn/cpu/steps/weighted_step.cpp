#include "agewise/nn/cpu/steps/weighted_step.h"

#include "agewise/nn/cpu/kernels/elementwise.h"

namespace agewise::nn::cpu {

WeightedStep::WeightedStep(const Plan& plan, const Operation& operation, bool bias)
    : operation_(operation),
      input_(plan.layer(operation.layer).inputs[0]),
      name_(plan.layer(operation.layer).name),
      has_bias_(bias) {}

void WeightedStep::plan_backward(Plan& plan) {
  gradient_ = plan.gradient(operation_.output);
  changed_ = gradient_;
  if (operation_.relu >= 0) {
    plan.keep(out_);
    changed_ = plan.changed_gradient(operation_.output);
  }
  if (plan.learns(operation_.layer) || (has_bias_ && plan.learns(operation_.layer, true))) plan_backward_weights(plan);
  if (plan.wants_gradient(input_)) plan_backward_data(plan);
}

void WeightedStep::backward(const Pass&) {
  if (operation_.relu >= 0) relu_backward(out_.data(), gradient_.data(), changed_.data(), changed_.floats());
  compute_weight_gradient();
  if (reorder_weights_) reorder_weights_();
  if (backward_data_) backward_data_();
  if (reorder_to_input_) reorder_to_input_();
}

void WeightedStep::compute_weight_gradient() {
  if (backward_weights_) backward_weights_();
  if (reorder_weight_gradient_) reorder_weight_gradient_();
}

Tensor WeightedStep::weights_as(Plan& plan, const dnnl::memory::desc& layout) {
  if (layout == weights_.layout()) return weights_;
  Tensor wanted = plan.allocate(layout);
  reorder_weights_ = plan.reorder(weights_, wanted);
  return wanted;
}

Tensor WeightedStep::weight_gradient_as(Plan& plan, const Tensor& own, const dnnl::memory::desc& layout) {
  if (layout == own.layout()) return own;
  Tensor found = plan.allocate(layout);
  reorder_weight_gradient_ = plan.reorder(found, own);
  return found;
}

Tensor WeightedStep::input_gradient(Plan& plan) {
  Tensor share = plan.gradient_share(input_);
  if (share.layout() == in_.layout()) return share;
  Tensor found = plan.allocate(in_.layout());
  reorder_to_input_ = plan.reorder(found, share);
  return found;
}

}  // namespace agewise::nn::cpu
