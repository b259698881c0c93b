#include "agewise/nn/cpu/steps/convolution_descriptors.h"

namespace agewise::nn::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

}  // namespace

Desc ConvolutionGeometry::canonical_weights() const {
  constexpr std::size_t kAxesWithGroups = 5;
  return {weights, kFloat, weights.size() == kAxesWithGroups ? Tag::goihw : Tag::oihw};
}

Desc ConvolutionGeometry::any_weights(dnnl::memory::data_type type) const { return {weights, type, Tag::any}; }

Desc ConvolutionGeometry::bias() const { return {{any_out.dims()[1]}, kFloat, Tag::a}; }

ConvolutionGeometry geometry_of_convolution(const Plan& plan, const Layer& layer, const Shape& in) {
  const auto& c = std::get<layer::Convolution>(layer.kind);
  ConvolutionGeometry geometry{{c.channels, in.channels, c.kernel_height, c.kernel_width},
                               {c.stride, c.stride},
                               {c.pad.top, c.pad.left},
                               {c.pad.bottom, c.pad.right},
                               plan.any_layout(in),
                               plan.any_layout(layer.shape)};
  if (c.groups > 1)
    geometry.weights = {c.groups, c.channels / c.groups, in.channels / c.groups, c.kernel_height, c.kernel_width};
  return geometry;
}

ConvolutionForward::primitive_desc describe_forward(const Plan& plan, const ConvolutionGeometry& g,
                                                    const ForwardRequest& r) {
  auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  Desc weights = g.any_weights(r.in.data_type());
  using Wanted = ConvolutionForward::desc;
  Wanted wanted = r.bias
                      ? Wanted(kind, r.algorithm, r.in, weights, g.bias(), r.out, g.strides, g.pad_before, g.pad_after)
                      : Wanted(kind, r.algorithm, r.in, weights, r.out, g.strides, g.pad_before, g.pad_after);
  dnnl::primitive_attr attributes = plan.attributes();
  attributes.set_post_ops(r.computed_along);
  return {wanted, attributes, plan.engine()};
}

ConvolutionBackwardWeights::primitive_desc describe_backward_weights(
    const Plan& plan, const ConvolutionGeometry& g, const BackwardRequest& r, bool bias,
    const ConvolutionForward::primitive_desc& forward) {
  using Wanted = ConvolutionBackwardWeights::desc;
  Wanted wanted = bias ? Wanted(r.algorithm, r.in, r.weights, g.bias(), r.out, g.strides, g.pad_before, g.pad_after)
                       : Wanted(r.algorithm, r.in, r.weights, r.out, g.strides, g.pad_before, g.pad_after);
  return {wanted, plan.attributes(), plan.engine(), forward};
}

ConvolutionBackwardData::primitive_desc describe_backward_data(const Plan& plan, const ConvolutionGeometry& g,
                                                               const BackwardRequest& r,
                                                               const ConvolutionForward::primitive_desc& forward) {
  return {{r.algorithm, r.in, r.weights, r.out, g.strides, g.pad_before, g.pad_after},
          plan.attributes(),
          plan.engine(),
          forward};
}

}  // namespace agewise::nn::cpu
