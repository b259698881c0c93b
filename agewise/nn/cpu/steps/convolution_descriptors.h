// oneDNN's descriptions of a convolution's three passes, for the step that computes them and for whoever must know what
// a kernel will want.
#pragma once
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>

#include "agewise/nn/cpu/plan/plan.h"
#include "agewise/nn/cpu/steps/step.h"

namespace agewise::nn::cpu {

struct ConvolutionGeometry {
  dnnl::memory::dims weights;  // outputs × inputs × height × width; with groups G × O/G × I/G × height × width
  dnnl::memory::dims strides, pad_before, pad_after;
  dnnl::memory::desc any_in, any_out;  // f32, in a layout of the kernel's choice

  dnnl::memory::desc canonical_weights() const;  // oihw, goihw
  dnnl::memory::desc any_weights(dnnl::memory::data_type type = dnnl::memory::data_type::f32) const;
  dnnl::memory::desc bias() const;
};

// Of one of the plan's layers, a convolution of the whole batch that reads a picture of shape `in`.
ConvolutionGeometry geometry_of_convolution(const Plan& plan, const Layer& layer, const Shape& in);

using ConvolutionForward = dnnl::convolution_forward;
using ConvolutionBackwardWeights = dnnl::convolution_backward_weights;
using ConvolutionBackwardData = dnnl::convolution_backward_data;

// Each throws dnnl::error where oneDNN has no kernel. Layouts may be "any"; that of the weights is the kernel's choice
// in the forward pass, in the type of `in`.
struct ForwardRequest {
  dnnl::algorithm algorithm;
  dnnl::memory::desc in, out;
  bool bias;
  dnnl::post_ops computed_along = {};
};
ConvolutionForward::primitive_desc describe_forward(const Plan& plan, const ConvolutionGeometry& geometry,
                                                    const ForwardRequest& request);

struct BackwardRequest {
  dnnl::algorithm algorithm;
  dnnl::memory::desc in, weights, out;
};
ConvolutionBackwardWeights::primitive_desc describe_backward_weights(const Plan& plan,
                                                                     const ConvolutionGeometry& geometry,
                                                                     const BackwardRequest& request, bool bias,
                                                                     const ConvolutionForward::primitive_desc& forward);
ConvolutionBackwardData::primitive_desc describe_backward_data(const Plan& plan, const ConvolutionGeometry& geometry,
                                                               const BackwardRequest& request,
                                                               const ConvolutionForward::primitive_desc& forward);

// What `describe` returns, or nothing where oneDNN has no such kernel or only its reference loop.
template <class Describe>
auto if_fast(Describe describe) -> std::optional<decltype(describe())> {
  try {
    auto description = describe();
    if (!is_reference(description)) return description;
  } catch (const dnnl::error& error) {
    if (error.status != dnnl_unimplemented) throw;
  }
  return {};
}

}  // namespace agewise::nn::cpu
