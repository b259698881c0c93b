// What convolutions and fully connected layers have in common: weights whose layout a kernel may want changed,
// gradients towards weights and input, and a ReLU that was computed along.
#pragma once
#include <string>

#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {

class WeightedStep : public Step {
 public:
  void plan_backward(Plan& plan) final;
  void backward(const Pass& pass) final;

 protected:
  // `bias`: whether the layer itself has one.
  WeightedStep(const Plan& plan, const Operation& operation, bool bias);

  // In `changed_` then is the gradient behind the ReLU, if there is one.
  virtual void plan_backward_weights(Plan& plan) = 0;
  virtual void plan_backward_data(Plan& plan) = 0;
  virtual void compute_weight_gradient();

  // Each returns a tensor in the layout that a kernel wants, and plans the reorder from or to `weights_`, the
  // parameters' own gradient, or the input's gradient where theirs is another.
  Tensor weights_as(Plan& plan, const dnnl::memory::desc& layout);
  Tensor weight_gradient_as(Plan& plan, const Tensor& own, const dnnl::memory::desc& layout);
  Tensor input_gradient(Plan& plan);

  Operation operation_;
  int input_;  // layer
  std::string name_;
  Tensor in_, out_, weights_, bias_, gradient_, changed_;
  Call reorder_in_, forward_, backward_weights_, backward_data_;

 private:
  bool has_bias_;
  Call reorder_weight_gradient_, reorder_weights_, reorder_to_input_;
};

}  // namespace agewise::nn::cpu
