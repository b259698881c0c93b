// Convolution by oneDNN, with what can be computed along: ReLU; for inference also a batch normalisation folded into
// the weights and a residual add.
#include <cmath>

#include "agewise/nn/cpu/elementwise.h"
#include "agewise/nn/cpu/layouts.h"
#include "agewise/nn/cpu/thin_gradient.h"
#include "agewise/nn/cpu/weighted_step.h"

namespace agewise::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Dims = dnnl::memory::dims;
constexpr auto kFloat = dnnl::memory::data_type::f32;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;

struct Geometry {
  Dims weights, strides, before, after;
  Tag plain;
};

Geometry geometry_of(const layer::Convolution& c, int inputs) {
  Geometry g{{c.channels, inputs, c.kernel_height, c.kernel_width},
             {c.stride, c.stride},
             {c.pad.top, c.pad.left},
             {c.pad.bottom, c.pad.right},
             Tag::oihw};
  if (c.groups > 1) {
    g.weights = {c.groups, c.channels / c.groups, inputs / c.groups, c.kernel_height, c.kernel_width};
    g.plain = Tag::goihw;
  }
  return g;
}

class Convolution : public WeightedStep {
 public:
  Convolution(Plan& plan, const Operation& operation)
      : WeightedStep(plan, operation, std::get<layer::Convolution>(plan.layer(operation.layer).kind).bias),
        options_(std::get<layer::Convolution>(plan.layer(operation.layer).kind)),
        geometry_(geometry_of(options_, plan.layer(input_).shape.channels)) {
    description_ = describe_forward(plan);
    note(name_, "forward", description_);
    in_ = plan.value(input_);
    if (in_.layout() != description_.src_desc()) {
      Tensor wanted = plan.allocate(description_.src_desc());
      reorder_in_ = plan.reorder(in_, wanted);
      in_ = wanted;
    }
    take_parameters(plan);
    take_output(plan);
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, in_}, {DNNL_ARG_WEIGHTS, used_weights_}, {DNNL_ARG_DST, out_}};
    if (used_bias_) arguments.emplace_back(DNNL_ARG_BIAS, used_bias_);
    forward_ = plan.call(description_, dnnl::convolution_forward(description_), arguments);
    plan.define(operation.output, out_);
  }

  void parameters_changed() override {
    if (operation_.normalisation >= 0) fold();
  }

  void forward(const Pass&) override {
    if (reorder_in_) reorder_in_();
    if (other_) copy(other_.data(), out_.data(), out_.floats());
    if (reorder_other_) reorder_other_();
    forward_();
  }

 private:
  bool has_bias() const { return options_.bias || operation_.normalisation >= 0; }
  Desc bias_layout() const { return {{options_.channels}, kFloat, Tag::a}; }
  Desc any_weights() const { return {geometry_.weights, kFloat, Tag::any}; }

  dnnl::convolution_forward::primitive_desc describe_forward(Plan& plan) const {
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    const Geometry& g = geometry_;
    Desc in = plan.any_layout(plan.layer(input_).shape), out = plan.any_layout(plan.layer(operation_.layer).shape);
    dnnl::convolution_forward::desc wanted =
        has_bias()
            ? dnnl::convolution_forward::desc(kind, kDirect, in, any_weights(), bias_layout(), out, g.strides, g.before,
                                              g.after)
            : dnnl::convolution_forward::desc(kind, kDirect, in, any_weights(), out, g.strides, g.before, g.after);
    dnnl::post_ops after;
    if (operation_.add >= 0) after.append_sum();
    if (operation_.relu >= 0) after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    dnnl::primitive_attr attributes = plan.attributes();
    attributes.set_post_ops(after);
    return {wanted, attributes, plan.engine()};
  }

  void take_parameters(Plan& plan) {
    int first = plan.first_parameter(operation_.layer);
    weights_ = plan.parameter(first, {{geometry_.weights, kFloat, geometry_.plain}, description_.weights_desc()});
    if (options_.bias) bias_ = plan.parameter(first + 1, plan.vector_layout(options_.channels));
    used_weights_ = weights_;
    used_bias_ = bias_;
    if (operation_.normalisation < 0) return;
    int norm = plan.first_parameter(operation_.normalisation);
    for (int i = 0; i < 4; ++i) norm_[i] = plan.parameter(norm + i, plan.vector_layout(options_.channels));
    epsilon_ = std::get<layer::BatchNorm>(plan.layer(operation_.normalisation).kind).epsilon;
    used_weights_ = plan.pinned(description_.weights_desc());
    used_bias_ = plan.pinned(bias_layout());
  }

  // A residual add adds to what lies in the output before: the other input itself if nobody needs it afterwards.
  void take_output(Plan& plan) {
    if (operation_.add < 0) {
      out_ = plan.allocate(description_.dst_desc());
      return;
    }
    Tensor other = plan.value(operation_.other);
    bool alike = other.layout() == description_.dst_desc();
    if (alike && plan.is_last_reader(operation_.other, operation_)) {
      out_ = other;
      return;
    }
    out_ = plan.allocate(description_.dst_desc());
    if (alike) {
      other_ = other;
    } else {
      reorder_other_ = plan.reorder(other, out_);
    }
  }

  // γ / √(variance + ε) goes into each output channel's weights, the rest into the bias.
  void fold() {
    auto channels = static_cast<std::size_t>(options_.channels);
    dnnl::engine engine = weights_.memory.get_engine();
    Desc plain(geometry_.weights, kFloat, geometry_.plain);
    std::vector<float> weights(plain.get_size() / sizeof(float));
    reorder(engine, weights_.layout(), weights_.data(), plain, weights.data());
    std::size_t inputs = weights.size() / channels;
    const float *gamma = norm_[0].data(), *beta = norm_[1].data(), *mean = norm_[2].data(), *variance = norm_[3].data();
    for (std::size_t c = 0; c < channels; ++c) {
      auto scale = static_cast<float>(gamma[c] / std::sqrt(variance[c] + epsilon_));
      for (std::size_t i = 0; i < inputs; ++i) weights[c * inputs + i] *= scale;
      used_bias_.data()[c] = beta[c] + scale * ((bias_ ? bias_.data()[c] : 0) - mean[c]);
    }
    reorder(engine, plain, weights.data(), used_weights_.layout(), used_weights_.data());
  }

  dnnl::convolution_backward_weights::primitive_desc describe_backward_weights(Plan& plan, const Desc& weights) const {
    const Geometry& g = geometry_;
    dnnl::convolution_backward_weights::desc wanted =
        options_.bias ? dnnl::convolution_backward_weights::desc(kDirect, in_.layout(), weights, bias_layout(),
                                                                 out_.layout(), g.strides, g.before, g.after)
                      : dnnl::convolution_backward_weights::desc(kDirect, in_.layout(), weights, out_.layout(),
                                                                 g.strides, g.before, g.after);
    return {wanted, plan.attributes(), plan.engine(), description_};
  }

  void compute_weight_gradient() override {
    if (thin_gradient_) (*thin_gradient_)(changed_);
    WeightedStep::compute_weight_gradient();
  }

  void plan_backward_weights(Plan& plan) override {
    plan.keep(in_);
    int first = plan.first_parameter(operation_.layer);
    weight_gradient_ = plan.gradient_of_parameter(first, weights_.layout());
    if (options_.bias) bias_gradient_ = plan.gradient_of_parameter(first + 1, bias_layout());
    auto description = describe_backward_weights(plan, weights_.layout());
    if (is_reference(description)) description = describe_backward_weights(plan, any_weights());
    if (is_reference(description) && has_thin_gradient(options_, in_, out_)) {
      thin_gradient_ = std::make_unique<ThinGradient>(plan, thin_shape(plan), in_, weight_gradient_, bias_gradient_);
      note(name_, "backward weights own");
      return;
    }
    note(name_, "backward weights", description);
    Tensor found = weight_gradient_as(plan, weight_gradient_, description.diff_weights_desc());
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, in_}, {DNNL_ARG_DIFF_DST, changed_}, {DNNL_ARG_DIFF_WEIGHTS, found}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, bias_gradient_);
    backward_weights_ = plan.call(description, dnnl::convolution_backward_weights(description), arguments);
  }

  ThinShape thin_shape(const Plan& plan) const {
    return {plan.layer(input_).shape, plan.layer(operation_.layer).shape,
            options_.kernel_height,   options_.kernel_width,
            options_.stride,          options_.pad};
  }

  dnnl::convolution_backward_data::primitive_desc describe_backward_data(Plan& plan, const Desc& weights) const {
    const Geometry& g = geometry_;
    return {{kDirect, in_.layout(), weights, out_.layout(), g.strides, g.before, g.after},
            plan.attributes(),
            plan.engine(),
            description_};
  }

  void plan_backward_data(Plan& plan) override {
    // Most kernels want the weights with input and output channels exchanged: a reorder of little.
    auto description = describe_backward_data(plan, weights_.layout());
    if (is_reference(description)) description = describe_backward_data(plan, any_weights());
    note(name_, "backward data", description);
    Tensor weights = weights_as(plan, description.weights_desc()), to_input = input_gradient(plan);
    backward_data_ =
        plan.call(description, dnnl::convolution_backward_data(description),
                  {{DNNL_ARG_DIFF_DST, changed_}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, to_input}});
  }

  layer::Convolution options_;
  Geometry geometry_;
  dnnl::convolution_forward::primitive_desc description_;
  Tensor other_, used_weights_, used_bias_;
  Tensor norm_[4];  // γ, β, running mean and variance
  double epsilon_ = 0;
  Tensor weight_gradient_, bias_gradient_;
  std::unique_ptr<ThinGradient> thin_gradient_;
  Call reorder_other_;
};

}  // namespace

std::unique_ptr<Step> make_convolution(Plan& plan, const Operation& operation) {
  return std::make_unique<Convolution>(plan, operation);
}

}  // namespace agewise::cpu
