// The step of a convolution by oneDNN or our own kernels, with what can be computed along: ReLU; for inference also a
// batch normalisation folded into the weights, a residual add and other activations. Its forward pass is defined in
// convolution.cpp, the two backward passes in convolution_backward.cpp.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agewise/nn/cpu/steps/convolution_descriptors.h"
#include "agewise/nn/cpu/steps/thin_gradient.h"
#include "agewise/nn/cpu/steps/weighted_step.h"
#include "agewise/nn/cpu/steps/winograd_call.h"

namespace agewise::nn::cpu {

class Convolution : public WeightedStep {
 public:
  Convolution(Plan& plan, const Operation& operation);
  void set_parameters(const ParameterMap& map, std::span<const float> all) override;
  void forward(const Pass& pass) override;

 private:
  // What distinguishes one pass over one convolution from another, in the tuning cache.
  std::string key(const Plan& plan, const char* pass) const;
  // Whether a 3 × 3 convolution at stride 1 without groups: the only ones that have Winograd kernels.
  bool is_winograd_shape() const;
  // Whether our own Winograd kernels take it, in these layouts.
  bool fits_own_winograd(const dnnl::memory::desc& in, const dnnl::memory::desc& out) const;
  bool has_bias() const { return options_.bias || operation_.normalisation >= 0; }

  void choose_forward(Plan& plan);
  dnnl::post_ops computed_along(const Plan& plan) const;
  WinogradTask forward_task(const Plan& plan) const;
  void take_parameters(Plan& plan);
  void take_output(Plan& plan);
  void plan_forward(Plan& plan);
  void use_weights(const float* canonical);

  void plan_backward_weights(Plan& plan) override;
  void plan_backward_data(Plan& plan) override;
  void compute_weight_gradient() override;
  // Each plans a kernel for shapes of which oneDNN has only its reference loop; false: nor is there one of this kind.
  bool plan_thin_gradient(Plan& plan);
  bool plan_depthwise_gradient(Plan& plan);
  bool plan_canonical_backward_data(Plan& plan);

  template <class Primitive, class Describe, class Arguments>
  auto choose_backward(Plan& plan, const char* pass, const WinogradTask& own, Describe describe, Arguments arguments);

  layer::Convolution options_;
  ConvolutionGeometry geometry_;
  WinogradShape winograd_;  // means something where fits_own_winograd()
  ConvolutionForward::primitive_desc description_;
  bool own_forward_ = false;
  std::string activation_;  // computed along, other than ReLU
  Tensor other_, used_weights_, used_bias_;
  double epsilon_ = 0;
  Tensor weight_gradient_, bias_gradient_;
  std::unique_ptr<ThinGradient> thin_gradient_;
  Call reorder_other_;
};

}  // namespace agewise::nn::cpu
