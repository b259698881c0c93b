// Fully connected layers by oneDNN's inner product, with ReLU. The input is flattened as it lies: where activations are
// blocked, the weights' columns follow that order instead of the graph's C, H, W, and no activation is reordered.
#include "agewise/nn/cpu/layouts.h"
#include "agewise/nn/cpu/weighted_step.h"

namespace agewise::cpu {
namespace {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
constexpr auto kFloat = dnnl::memory::data_type::f32;

class FullyConnected : public WeightedStep {
 public:
  FullyConnected(Plan& plan, const Operation& operation)
      : WeightedStep(plan, operation, std::get<layer::FullyConnected>(plan.layer(operation.layer).kind).bias),
        options_(std::get<layer::FullyConnected>(plan.layer(operation.layer).kind)) {
    in_ = plan.value(input_);
    if (channel_block(in_.layout()) == 0 && !is_plain(in_.layout())) {
      Tensor plain = plan.allocate(plan.plain_layout(plan.layer(input_).shape));
      reorder_in_ = plan.reorder(in_, plain);
      in_ = plain;
    }
    rows_ = plan.view(in_, {{plan.batch(), columns(plan)}, kFloat, Tag::ab});
    describe_forward(plan);
    note(name_, "forward", description_);
    take_parameters(plan);
    Tensor out = plan.allocate(plan.plain_layout(plan.layer(operation.layer).shape));
    out_ = plan.view(out, matrix(plan));
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, rows_}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, out_}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_BIAS, bias_);
    forward_ = plan.call(description_, dnnl::inner_product_forward(description_), arguments);
    plan.define(operation.output, out);
  }

  void forward(const Pass&) override {
    if (reorder_in_) reorder_in_();
    forward_();
  }

 private:
  // Of one row of the input, the padding of blocked channels included.
  dnnl::memory::dim columns(const Plan& plan) const {
    return static_cast<dnnl::memory::dim>(in_.floats()) / plan.batch();
  }
  Desc matrix(const Plan& plan) const { return {{plan.batch(), options_.outputs}, kFloat, Tag::ab}; }
  Desc bias_layout() const { return {{options_.outputs}, kFloat, Tag::a}; }
  Desc any_weights() const { return {{options_.outputs, rows_.layout().dims()[1]}, kFloat, Tag::any}; }

  void describe_forward(Plan& plan) {
    auto kind = plan.train() ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
    dnnl::inner_product_forward::desc wanted =
        options_.bias
            ? dnnl::inner_product_forward::desc(kind, rows_.layout(), any_weights(), bias_layout(), matrix(plan))
            : dnnl::inner_product_forward::desc(kind, rows_.layout(), any_weights(), matrix(plan));
    dnnl::primitive_attr attributes = plan.attributes();
    if (operation_.relu >= 0) {
      dnnl::post_ops after;
      after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
      attributes.set_post_ops(after);
    }
    description_ = {wanted, attributes, plan.engine()};
  }

  void take_parameters(Plan& plan) {
    const Shape& in = plan.layer(input_).shape;
    dnnl::memory::dims axes{options_.outputs, in.channels, in.height, in.width};
    int block = channel_block(in_.layout());
    Tag order = block == 16 ? Tag::aBcd16b : block == 8 ? Tag::aBcd8b : Tag::abcd;
    ParameterLayout layout{{axes, kFloat, Tag::abcd}, description_.weights_desc()};
    layout.between = {axes, kFloat, order};
    layout.between_matrix = {{options_.outputs, rows_.layout().dims()[1]}, kFloat, Tag::ab};
    int first = plan.first_parameter(operation_.layer);
    weights_ = plan.parameter(first, layout);
    if (options_.bias) bias_ = plan.parameter(first + 1, plan.vector_layout(options_.outputs));
  }

  void plan_backward_weights(Plan& plan) override {
    Tensor gradient = plan.view(changed_, matrix(plan));
    plan.keep(rows_);
    int first = plan.first_parameter(operation_.layer);
    auto describe = [&](const Desc& weights) {
      dnnl::inner_product_backward_weights::desc wanted =
          options_.bias
              ? dnnl::inner_product_backward_weights::desc(rows_.layout(), weights, bias_layout(), gradient.layout())
              : dnnl::inner_product_backward_weights::desc(rows_.layout(), weights, gradient.layout());
      return dnnl::inner_product_backward_weights::primitive_desc(wanted, plan.attributes(), plan.engine(),
                                                                  description_);
    };
    auto description = describe(weights_.layout());
    if (is_reference(description)) description = describe(any_weights());
    note(name_, "backward weights", description);
    Tensor own = plan.gradient_of_parameter(first, weights_.layout());
    Tensor found = weight_gradient_as(plan, own, description.diff_weights_desc());
    std::vector<std::pair<int, Tensor>> arguments{
        {DNNL_ARG_SRC, rows_}, {DNNL_ARG_DIFF_DST, gradient}, {DNNL_ARG_DIFF_WEIGHTS, found}};
    if (options_.bias) arguments.emplace_back(DNNL_ARG_DIFF_BIAS, plan.gradient_of_parameter(first + 1, bias_layout()));
    backward_weights_ = plan.call(description, dnnl::inner_product_backward_weights(description), arguments);
  }

  void plan_backward_data(Plan& plan) override {
    Tensor gradient = plan.view(changed_, matrix(plan));
    auto describe = [&](const Desc& weights) {
      return dnnl::inner_product_backward_data::primitive_desc({rows_.layout(), weights, gradient.layout()},
                                                               plan.attributes(), plan.engine(), description_);
    };
    auto description = describe(weights_.layout());
    if (is_reference(description)) description = describe(any_weights());
    note(name_, "backward data", description);
    Tensor weights = weights_as(plan, description.weights_desc()), to_input = input_gradient(plan);
    backward_data_ = plan.call(description, dnnl::inner_product_backward_data(description),
                               {{DNNL_ARG_DIFF_DST, gradient},
                                {DNNL_ARG_WEIGHTS, weights},
                                {DNNL_ARG_DIFF_SRC, plan.view(to_input, rows_.layout())}});
  }

  layer::FullyConnected options_;
  dnnl::inner_product_forward::primitive_desc description_;
  Tensor rows_;
};

}  // namespace

std::unique_ptr<Step> make_fully_connected(Plan& plan, const Operation& operation) {
  return std::make_unique<FullyConnected>(plan, operation);
}

}  // namespace agewise::cpu
